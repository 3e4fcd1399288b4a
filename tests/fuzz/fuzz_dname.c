/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names: what the wire gives prints as text that reads back as the same name, and a name is
 * canonical exactly when it was made here.  The bytes are taken as a name on the wire, as a struct,
 * and as text.
 */
#include "dnsparse/names/dname.h"
#include "tests/fuzz/require.h"

#include <stdint.h>
#include <string.h>

static void name_round_trip(const struct dname *name)
{
    char text[DNAME_TEXT_MAX], again[DNAME_TEXT_MAX];
    struct dname read;

    REQUIRE(dname_is_canonical(name));
    REQUIRE(dname_labels(name) <= DNAME_LABELS_MAX);
    dname_to_text(name, text);
    REQUIRE(dname_from_text(text, &read));
    REQUIRE(dname_equal(name, &read));
    REQUIRE(strcmp(dname_to_text(&read, again), text) == 0);
    REQUIRE(!dname_is_below(name, name));
}

static void try_wire(const uint8_t *data, size_t size)
{
    struct dname name, parent;
    size_t read = dname_from_wire(data, size, &name);

    if (read == 0)
        return;
    REQUIRE(read == name.length && read <= size);
    name_round_trip(&name);
    if (name.length == 1)
        return;
    REQUIRE(dname_from_wire(data + 1 + data[0], size - 1 - data[0], &parent) != 0);
    REQUIRE(dname_is_below(&name, &parent));
    REQUIRE(!dname_is_below(&parent, &name));
}

/* As a taken-over process could send it. */
static void try_struct(const uint8_t *data, size_t size)
{
    struct dname name = {0}, other;
    char text[DNAME_TEXT_MAX];

    memcpy(&name, data, size < sizeof name ? size : sizeof name);
    dname_to_text(&name, text);
    REQUIRE(strlen(text) < sizeof text);
    dname_labels(&name);
    if (dname_from_text("a.b", &other))
        dname_is_below(&name, &other);
    if (dname_is_canonical(&name))
        name_round_trip(&name);
}

static void try_text(const uint8_t *data, size_t size)
{
    char text[2048];
    struct dname name;

    if (size >= sizeof text)
        return;
    memcpy(text, data, size);
    text[size] = '\0';
    if (dname_from_text(text, &name))
        name_round_trip(&name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_wire(data, size);
    try_struct(data, size);
    try_text(data, size);
    return 0;
}
