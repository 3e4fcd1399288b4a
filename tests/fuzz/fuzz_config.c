/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration from any bytes: refused with a finding that names a line of the text, or whole,
 * in bounds, and good for a plan.
 */
#include "daemon/config/trusted.h"
#include "tests/fuzz/require.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void count_line(void *context, const char *line)
{
    size_t *count = context;
    REQUIRE(strncmp(line, "f:", 2) == 0);
    ++*count;
}

static void whitelist_try(const struct whitelist *whitelist)
{
    REQUIRE(whitelist->name[0] != '\0' &&
            memchr(whitelist->name, '\0', sizeof(whitelist->name)) != NULL);
    REQUIRE(whitelist->pattern_count > 0);
    REQUIRE(whitelist->ttl_min <= whitelist->ttl_max);
    REQUIRE(whitelist->ttl_max + whitelist->grace > 0);
    REQUIRE(whitelist->max_addresses > 0);
    REQUIRE(!set_name_equal(&whitelist->set4, &whitelist->set6));
}

static void config_try(const struct config *config)
{
    struct whitelist_pattern *patterns;
    struct plan plan;
    const struct trusted_files nothing = {"/nowhere", "/nowhere"};
    struct trusted trusted;
    char text[TRUSTED_TEXT_MAX];
    size_t warnings = 0;

    REQUIRE(config->whitelist_count > 0 && config->whitelist_count <= WHITELISTS_MAX);
    REQUIRE(config->interface_count > 0 && config->interface_count <= PLAN_INTERFACES_MAX);
    REQUIRE(config->require_query || !config_believes_default(config));
    for (size_t i = 0; i < config->whitelist_count; i++) {
        whitelist_try(&config->whitelists[i]);
        REQUIRE(config_whitelist(config, config->whitelists[i].name) == &config->whitelists[i]);
    }
    config_warnings(config, count_line, &warnings);
    REQUIRE(warnings == config->warnings.count);
    REQUIRE(config_plan(config, &plan, &patterns) == 0);
    REQUIRE(plan.pattern_count > 0 && plan.pattern_count <= PLAN_PATTERNS_MAX);
    free(patterns);
    REQUIRE(trusted_make(config, &nothing, &trusted) == 0);
    REQUIRE(trusted.count > 0 && trusted.count <= PLAN_RESOLVERS_MAX);
    for (size_t i = 0; i < trusted.count; i++)
        REQUIRE(address_size(&trusted.resolvers[i].prefix.address) > 0);
    REQUIRE(strlen(trusted_to_text(&trusted, text)) < sizeof(text));
    trusted_free(&trusted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[CONFIG_ERROR_MAX];
    struct config *config = NULL;
    int result = config_from_text("f", (const char *)data, size, &config, error);

    REQUIRE(memchr(error, '\0', sizeof(error)) != NULL);
    if (result == 0) {
        REQUIRE(error[0] == '\0');
        config_try(config);
        config_free(config);
        return 0;
    }
    REQUIRE(config == NULL);
    REQUIRE(strncmp(error, "f:", 2) == 0 && error[2] >= '1' && error[2] <= '9');
    return 0;
}
