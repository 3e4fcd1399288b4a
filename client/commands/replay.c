/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `wildset replay`: capture files through the sniffer's own pipeline and the daemon's own policy
 * and leases, without a kernel; the capture's clock is both clocks.
 */
#include "client/commands/replay_output.h"
#include "client/options.h"
#include "daemon/control/ethertype.h"

#include "daemon/config/config.h"
#include "daemon/config/trusted.h"
#include "setsync/setsync.h"
#include "sniffer/live/capture.h"
#include "sniffer/pipeline/pipeline.h"
#include "source/resolvers_seen.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct options_page page = {
    .usage = "usage: wildset replay [--config FILE] [--json] [--all] CAPTURE...\n",
    .help = "Shows what the DNS answers in pcap or pcapng files would have allowed, with the "
            "sniffer's\n"
            "and the daemon's own code and the capture's clock, without privileges.  A capture "
            "does not\n"
            "say where it was taken: a resolver's %INTERFACE is not checked.  Files are read one "
            "after\n"
            "the other as if they were one capture.\n\n"
            "  --config FILE   the configuration (" CONFIG_DEFAULT_PATH ")\n"
            "  --all           each refusal and its reason too\n"
            "  --json          one object a line\n\n"
            "Exit status: 0; 1 when a file is missing, no capture, truncated or of an unknown link "
            "type\n"
            "(what could be read is printed all the same); 64 wrong usage; 78 bad configuration.\n",
};

enum {
    STATUS_CONFIG = 78,           /* EX_CONFIG, as wildsetd says it */
    FRAMES_A_TURN = 16384,        /* between two looks at the progress */
    LONG_FILE = 16 * 1024 * 1024, /* bytes: shorter ones need no progress bar */
    BAR_WIDTH = 40,
    ANSWER_PARTS_MAX = ANSWER_ADDRESSES_MAX / SIGHTING_ADDRESSES_MAX + 1,
};

struct replay {
    struct plan plan;
    struct plan_resolver *resolvers;
    struct whitelist_pattern *patterns;
    struct pipeline *pipeline;
    struct setsync *sync;
    struct replay_output *output;
    uint64_t due_ns;           /* of the leases */
    uint64_t now_ns;           /* the capture's clock; it does not go back */
    const char *fresh;         /* a file of which no frame has been seen yet, or NULL */
    struct resolvers teachers; /* whose answers were learned */
    size_t part_count;
    struct sighting parts[ANSWER_PARTS_MAX]; /* one answer, until its last message */
};

/* Leases are driven up to a moment: what ends before it ends at its own time. */
static void leases_run(struct replay *replay, uint64_t until_ns)
{
    while (replay->due_ns <= until_ns) {
        uint64_t due_ns = replay->due_ns;
        struct moment now = {.boot_ns = due_ns, .real_ns = due_ns};

        setsync_run(replay->sync, &now);
        replay->due_ns = setsync_due(replay->sync);
        if (replay->due_ns <= due_ns)
            replay->due_ns = due_ns + 1;
    }
}

static void answer_learn(struct replay *replay, const struct sighting *sighting)
{
    struct moment now = {.boot_ns = replay->now_ns, .real_ns = replay->now_ns};

    if (replay->part_count < ANSWER_PARTS_MAX)
        replay->parts[replay->part_count++] = *sighting;
    if (sighting->more)
        return;
    setsync_learn(replay->sync, SOURCE_SNIFFER, replay->parts, replay->part_count, &now);
    resolvers_note(&replay->teachers, &replay->parts[0], REASON_NONE, replay->now_ns);
    replay->part_count = 0;
    replay->due_ns = setsync_due(replay->sync);
}

static void replay_on_report(void *context, const struct message *message)
{
    struct replay *replay = context;

    switch ((enum message_kind)message->kind) {
    case MESSAGE_ANSWER:
        answer_learn(replay, &message->sighting);
        return;
    case MESSAGE_REFUSAL:
        replay_output_refusal(replay->output, &message->sighting);
        return;
    case MESSAGE_ALARM:
        replay_output_alarm(replay->output, &message->alarm);
        return;
    case MESSAGE_COUNTERS:
    case MESSAGE_STATE:
    case MESSAGE_ASKED:
    case MESSAGE_REGISTRY:
    case MESSAGE_CAUGHT_UP:
        return;
    }
}

static void on_frame(void *context, const struct frame *frame)
{
    struct replay *replay = context;

    /* The clock does not go back between files, so leases would never end. */
    if (replay->fresh && frame->captured_ns + NS_PER_SECOND < replay->now_ns)
        fprintf(stderr,
                "wildset: %s begins before the previous file ends: list the files in chronological "
                "order, or replay them separately\n",
                replay->fresh);
    replay->fresh = NULL;
    if (frame->captured_ns > replay->now_ns)
        replay->now_ns = frame->captured_ns;
    if (replay->due_ns <= replay->now_ns)
        leases_run(replay, replay->now_ns);
    pipeline_frame(replay->pipeline, frame, replay->now_ns);
}

static void progress_print(FILE *file, off_t size)
{
    int done = (int)(ftello(file) * BAR_WIDTH / size);
    char bar[BAR_WIDTH + 1];

    memset(bar, ' ', BAR_WIDTH);
    memset(bar, '#', (size_t)(done < BAR_WIDTH ? done : BAR_WIDTH));
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r[%s] %3d %%", bar, (int)(ftello(file) * 100 / size));
}

/* All frames of an open capture.  0, or -errno when the rest cannot be read. */
static int frames_read(struct replay *replay, struct capture *capture, FILE *file, off_t bar_size)
{
    int count;

    do {
        count = capture_read(capture, FRAMES_A_TURN, on_frame, replay);
        if (bar_size && count > 0)
            progress_print(file, bar_size);
    } while (count > 0);
    if (bar_size)
        fprintf(stderr, "\r%*s\r", BAR_WIDTH + 9, "");
    return count;
}

/* The size for the progress bar; 0 when there should be none. */
static off_t bar_size(FILE *file)
{
    struct stat status;

    if (!isatty(STDERR_FILENO) || fstat(fileno(file), &status) < 0)
        return 0;
    return S_ISREG(status.st_mode) && status.st_size >= LONG_FILE ? status.st_size : 0;
}

/* The program that unpacks what begins with these bytes; NULL when it is not packed. */
static const char *unpacker(const unsigned char *bytes, size_t size)
{
    static const struct {
        const char *magic, *program;
    } packers[] = {
        {"\x1f\x8b", "zcat"},
        {"BZh", "bzcat"},
        {"\xfd"
         "7zXZ",
         "xzcat"},
        {"\x28\xb5\x2f\xfd", "zstdcat"},
        {"\x04\x22\x4d\x18", "lz4cat"},
    };

    for (size_t i = 0; i < sizeof(packers) / sizeof(packers[0]); i++) {
        size_t length = strlen(packers[i].magic);

        if (size >= length && memcmp(bytes, packers[i].magic, length) == 0)
            return packers[i].program;
    }
    return NULL;
}

/* "-" is the standard input.  Looks at the first bytes of a file without taking them. */
static FILE *file_open(const char *path)
{
    unsigned char first[8];
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");

    if (!file) {
        fprintf(stderr, "wildset: cannot open %s: %s\n", path, strerror(errno));
        return NULL;
    }
    ssize_t size = pread(fileno(file), first, sizeof(first), 0);
    const char *program = unpacker(first, size > 0 ? (size_t)size : 0);
    if (program) {
        fprintf(stderr, "wildset: %s: compressed: use `%s %s | wildset replay -`\n", path, program,
                path);
        fclose(file);
        return NULL;
    }
    return file;
}

static bool file_replay(struct replay *replay, const char *path)
{
    char error[CAPTURE_ERROR_MAX];
    struct capture *capture;
    FILE *file = file_open(path);

    if (!file)
        return false;
    off_t size = bar_size(file);
    if (capture_open_file(file, 0, &capture, error) < 0) {
        fprintf(stderr, "wildset: %s: %s\n", path, error);
        return false;
    }
    replay->fresh = path;
    int result = frames_read(replay, capture, file, size);
    if (result < 0) {
        replay_output_flush(replay->output);
        fprintf(stderr, "wildset: %s: %s\n", path, capture_error(capture));
    }
    capture_close(capture);
    return result == 0;
}

/*
 * The plan of the configuration, for one interface that has no name.  What the system where the
 * capture was taken names is not known here: "default" is any server.  Whoever took it knows what
 * it holds: tunnels without a sender are entered as on a mirror port.
 */
static int plan_make(struct replay *replay, const struct config *config)
{
    static const struct plan_interface unnamed = {.name = "", .mirror = true};
    static const struct prefix any[] = {{.address = {.family = ADDRESS_IPV4}},
                                        {.address = {.family = ADDRESS_IPV6}}};
    int error = config_plan(config, &replay->plan, &replay->patterns);
    size_t *count = &replay->plan.resolver_count;

    if (error < 0)
        return error;
    replay->resolvers = calloc(config->resolver_count + FAMILIES, sizeof(*replay->resolvers));
    if (!replay->resolvers)
        return -ENOMEM;
    for (size_t i = 0; i < config->resolver_count; i++) {
        if (!config_resolver_is_default(&config->resolvers[i]))
            replay->resolvers[(*count)++] = (struct plan_resolver){
                .prefix = config->resolvers[i].prefix, .port = config->resolvers[i].port};
    }
    for (size_t i = 0; i < FAMILIES && config_believes_default(config); i++)
        replay->resolvers[(*count)++].prefix = any[i];
    replay->plan.resolvers = replay->resolvers;
    replay->plan.interfaces = &unnamed;
    replay->plan.interface_count = 1;
    return 0;
}

static int replay_open(struct replay *replay, const struct config *config,
                       const struct options *options)
{
    const struct moment start = {.boot_ns = 1, .real_ns = 1};
    const struct pipeline_hooks hooks = {
        .report = replay_on_report, .context = replay, .duplicates = true};
    int error = plan_make(replay, config);

    if (error < 0)
        return error;
    replay->output = replay_output_new(config, options->json, options->all);
    replay->pipeline = pipeline_new(&replay->plan, &hooks);
    if (!replay->output || !replay->pipeline)
        return -ENOMEM;

    const struct setsync_options sync = {.whitelists = config->whitelists,
                                         .whitelist_count = config->whitelist_count,
                                         .kernel = NULL,
                                         .event = replay_output_event,
                                         .context = replay->output};
    error = setsync_new(&sync, &start, &replay->sync);
    if (error == 0)
        replay->due_ns = setsync_due(replay->sync);
    return error;
}

static void replay_close(struct replay *replay)
{
    if (replay->sync)
        setsync_free(replay->sync);
    if (replay->pipeline)
        pipeline_free(replay->pipeline);
    replay_output_free(replay->output);
    free(replay->resolvers);
    free(replay->patterns);
    free(replay);
}

/* In a capture the default is anybody: what the daemon would make of that, on this machine. */
static void strangers_print(const struct replay *replay, const struct config *config)
{
    const struct trusted_files files = trusted_files();
    const struct resolver_seen *ranked[RESOLVERS_SEEN_MAX];
    const char *before = "learned from servers that wildsetd would not trust on this machine:  ";
    struct trusted trusted;
    char text[ADDRESS_TEXT_MAX];

    if (!config_believes_default(config) || trusted_make(config, &files, &trusted))
        return;
    resolvers_ranked(&replay->teachers, ranked);
    for (size_t i = 0; i < replay->teachers.count; i++) {
        if (trusted_has(&trusted, &ranked[i]->address))
            continue;
        fprintf(stderr, "%s%s %" PRIu64, before, address_to_text(&ranked[i]->address, text),
                ranked[i]->answers);
        before = ", ";
    }
    if (*before == ',')
        fputs("; only if they are your resolvers, list them in capture.resolvers\n", stderr);
    trusted_free(&trusted);
}

/* What of the capture is not read, and how to capture it so that it is. */
static void unread_print(struct pipeline *pipeline, const struct config *config)
{
    const uint64_t *counters = pipeline_counters(pipeline)->value;
    struct ethertype_count most = pipeline_common_ethertype(pipeline, 0);
    struct pipeline_server server = pipeline_other_port(pipeline);
    uint64_t answers = counters[COUNTER_OTHER_PORT];
    char text[ADDRESS_TEXT_MAX];
    unsigned share;

    if (ethertype_is_common(most.frames, counters[COUNTER_FRAMES], &share))
        fprintf(stderr,
                "%u %% of the frames have EtherType 0x%04x%s, which wildset does not read: DNS in"
                " them is not seen\n",
                share, most.type, ethertype_name(most.type));
    if (answers > 0)
        fprintf(stderr,
                "%" PRIu64
                " answer%s for these names came from UDP port %u of %s, which is not read:"
                " only if it is your resolver, add to capture { }: resolvers += { \"%s@%u\" }\n",
                answers, answers == 1 ? "" : "s", server.port,
                address_to_text(&server.address, text), text, server.port);
    if (config->require_query && pipeline_sees_one_direction(pipeline))
        fputs("answers come without their questions: if the capture holds one direction only, name"
              " the resolvers in capture.resolvers and set require-query = false: anyone "
              "who can send packets in their name is then trusted\n",
              stderr);
}

static int files_replay(const struct config *config, const struct options *options, char **paths)
{
    struct replay *replay = calloc(1, sizeof(*replay));
    int status = COMMAND_OK;
    int error = replay ? replay_open(replay, config, options) : -ENOMEM;

    if (error < 0) {
        fprintf(stderr, "wildset: cannot start the replay: %s\n", strerror(-error));
        if (replay)
            replay_close(replay);
        return COMMAND_FAILED;
    }
    for (; *paths; paths++) {
        if (!file_replay(replay, *paths))
            status = COMMAND_FAILED;
    }
    pipeline_run(replay->pipeline, UINT64_MAX);
    replay_output_flush(replay->output);
    replay_output_summary(pipeline_counters(replay->pipeline), setsync_statistics(replay->sync));
    strangers_print(replay, config);
    unread_print(replay->pipeline, config);
    if (replay_output_failed(replay->output)) {
        fprintf(stderr, "wildset: cannot write the output: %s\n", strerror(errno));
        status = COMMAND_FAILED;
    }
    replay_close(replay);
    return status;
}

int main(int argc, char **argv)
{
    char error[CONFIG_ERROR_MAX];
    struct options options;
    struct config *config;

    if (!options_read(&options, &page, argc, argv, OPTION_CONFIG | OPTION_JSON | OPTION_ALL))
        return options.status;
    if (argc == options.first)
        return options_refuse(&page, "expected a capture file");

    if (config_read(options.config ? options.config : CONFIG_DEFAULT_PATH, &config, error) < 0) {
        fprintf(stderr, "%s\n", error);
        return STATUS_CONFIG;
    }
    int status = files_replay(config, &options, argv + options.first);
    config_free(config);
    return status;
}
