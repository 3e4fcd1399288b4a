/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of sets, as the configuration gives them, and comments, as elements get them: a name that
 * is read prints as what reads the same again and needs no quotes in nft(8); a comment is short and
 * holds nothing that would break a saved ruleset, whatever bytes the name is made of.
 */
#include "setsync/kernel/nftset.h"
#include "setsync/policy/whitelist.h"
#include "tests/fuzz/require.h"

#include <stdint.h>
#include <string.h>

enum { TEXT_MAX_SIZE = 1024 };

static void read_set_name(const char *text)
{
    struct set_name name, again;
    char printed[SET_TEXT_MAX];
    if (!set_name_from_text(text, &name))
        return;
    if (set_name_is_none(&name)) {
        REQUIRE(strcmp(set_name_to_text(&name, printed), text) == 0);
        return;
    }
    REQUIRE(set_family_name(name.family) != NULL);
    REQUIRE(strlen(name.table) > 0 && strlen(name.table) < SET_IDENTIFIER_MAX);
    REQUIRE(strlen(name.set) > 0 && strlen(name.set) < SET_IDENTIFIER_MAX);
    set_name_to_text(&name, printed);
    REQUIRE(strpbrk(printed, "\"';{}\n\t$`\\") == NULL);
    REQUIRE(set_name_from_text(printed, &again));
    REQUIRE(set_name_equal(&name, &again));
}

static void make_comment(const uint8_t *data, size_t size)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._*:-";
    struct dname name = {0};
    char comment[NFTSET_COMMENT_MAX];
    if (dname_from_wire(data, size, &name) == 0)
        return;
    nftset_comment(&name, comment);
    REQUIRE(strlen(comment) < NFTSET_COMMENT_MAX);
    REQUIRE(strspn(comment, allowed) == strlen(comment));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[TEXT_MAX_SIZE];
    size_t length = size < sizeof(text) ? size : sizeof(text) - 1;
    if (length > 0)
        memcpy(text, data, length);
    text[length] = '\0';
    read_set_name(text);
    make_comment(data, size);
    return 0;
}
