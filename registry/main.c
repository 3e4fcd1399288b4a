/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registry process: plan, the system's files, sandbox, loop.  Started by the daemon only.
 */
#include "base/log.h"
#include "dnsparse/names/dns.h"
#include "registry/fetch/proxy.h"
#include "registry/list/document.h"
#include "registry/poll.h"
#include "registry/resolve/hosts.h"
#include "registry/resolve/system.h"
#include "registry/sandbox_rules.h"
#include "source/fds.h"
#include "source/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SYSTEM_FILE_MAX = 1 << 20, /* bytes of resolv.conf and hosts */
    REPORT_MS = 5000,
    BEAT_MS = 1000,
};

struct process {
    struct registry_plan plan;
    struct loop *loop;
    struct resolver *resolver;
    struct fetcher *fetcher;
    struct reporter *reporter;
    struct hosts *hosts;
    struct matcher *matcher;
    struct loop_watch *report; /* timer */
    struct loop_watch *beat;   /* timer */
    struct file_text resolv_conf, hosts_file;
    struct file_text certificates;                     /* the system's */
    struct file_text own_certificates[WHITELISTS_MAX]; /* registry-ca */
    int cache_fds[WHITELISTS_MAX];                     /* the lists' files, or -1 */
    struct poll *polls[WHITELISTS_MAX];
};

/* Before anything is opened: a number that is free now is somebody else's soon. */
static void note_kept(struct process *process)
{
    for (int i = 0; i < WHITELISTS_MAX; i++)
        process->cache_fds[i] = source_fd_if_open(REGISTRY_LIST_CACHE_FD + i);
}

/* ---- what is read before the sandbox ---- */

/* Nothing there is nothing to read: the lists say what is missing. */
static void read_system(struct process *process)
{
    int result = file_read(SYSTEM_HOSTS, SYSTEM_FILE_MAX, 0, &process->hosts_file);

    if (result < 0 && result != -ENOENT)
        log_warning("%s: %s: not used", SYSTEM_HOSTS, strerror(-result));
    if (process->plan.resolver_count > 0)
        return;
    result = file_read(SYSTEM_RESOLV_CONF, SYSTEM_FILE_MAX, 0, &process->resolv_conf);
    if (result < 0 && result != -ENOENT)
        log_warning("%s: %s: not used", SYSTEM_RESOLV_CONF, strerror(-result));
}

static void read_certificates(struct process *process)
{
    for (size_t i = 0; i < process->plan.whitelist_count; i++) {
        const struct registry_whitelist *whitelist = &process->plan.whitelists[i];
        int result;

        if (whitelist->url[0] == '\0')
            continue;
        if (whitelist->ca[0] != '\0') {
            result = system_read_certificates_of(whitelist->ca, &process->own_certificates[i]);
            if (result < 0)
                log_error("registry: %s: registry-ca: %s: %s: no server is trusted until it can be "
                          "read",
                          whitelist->name, whitelist->ca,
                          result == -EBADMSG ? "no certificate in PEM format is in it"
                                             : strerror(-result));
            continue;
        }
        if (process->certificates.bytes)
            continue;
        result = system_read_certificates(&process->certificates);
        if (result < 0)
            log_error("registry: no trusted certificates: install ca-certificates, or name a file "
                      "in registry-ca");
    }
}

static int open_resolver(struct process *process)
{
    struct resolver_server servers[RESOLVER_SERVERS_MAX];
    size_t count = process->plan.resolver_count;

    for (size_t i = 0; i < count; i++)
        servers[i] =
            (struct resolver_server){.address = process->plan.resolvers[i], .port = RESOLVER_PORT};
    if (count == 0)
        count =
            system_servers(process->resolv_conf.bytes ? process->resolv_conf.bytes : "", servers);
    return resolver_new(process->loop, servers, count, &process->resolver);
}

/* ---- the parts ---- */

static void on_answer(void *context, const struct dname *question,
                      const struct lookup_result *result)
{
    struct process *process = context;
    reporter_answer(process->reporter, question, result);
}

static void on_gone(void *context)
{
    struct process *process = context;
    loop_stop(process->loop);
}

static void on_report(void *context)
{
    struct process *process = context;

    for (size_t i = 0; i < process->plan.whitelist_count; i++)
        poll_report(process->polls[i]);
    loop_timer_set(process->report, REPORT_MS);
}

/* That it goes round its loop: silence is taken for hanging. */
static void on_beat(void *context)
{
    struct process *process = context;

    reporter_ready(process->reporter);
    loop_timer_set(process->beat, BEAT_MS);
}

static int open_hosts(struct process *process)
{
    const struct hosts_hooks hooks = {.answer = on_answer, .context = process};

    return hosts_new(process->loop, process->resolver, &process->plan, &hooks, &process->hosts);
}

static int open_teller(struct process *process)
{
    return reporter_new(process->loop, SOURCE_CHANNEL_FD, on_gone, process, &process->reporter);
}

static int open_fetcher(struct process *process)
{
    return fetcher_new(process->loop, &process->fetcher);
}

static int open_matcher(struct process *process)
{
    process->matcher = matcher_new(process->plan.patterns, process->plan.pattern_count);
    process->report = loop_timer(process->loop, on_report, process);
    process->beat = loop_timer(process->loop, on_beat, process);
    return process->matcher && process->report && process->beat ? 0 : -ENOMEM;
}

/* A certificate file that cannot be read trusts nobody, never everybody. */
static const struct file_text *certificates_of(const struct process *process, size_t whitelist)
{
    static char nobody[] = "-----BEGIN nothing-----\n";
    static const struct file_text none = {.bytes = nobody, .size = sizeof(nobody) - 1};
    const struct file_text *file = process->plan.whitelists[whitelist].ca[0] != '\0'
                                       ? &process->own_certificates[whitelist]
                                       : &process->certificates;
    return file->bytes ? file : &none;
}

static int open_polls(struct process *process)
{
    const struct poll_tools tools = {
        .loop = process->loop,
        .download = {.loop = process->loop,
                     .fetcher = process->fetcher,
                     .resolver = process->resolver,
                     .hosts = process->hosts_file.bytes ? process->hosts_file.bytes : "",
                     .proxy = proxy_from_environment(),
                     .exceptions = proxy_exceptions_from_environment()},
        .resolver = process->resolver,
        .hosts = process->hosts,
        .reporter = process->reporter,
        .plan = &process->plan,
        .matcher = process->matcher,
    };

    for (unsigned i = 0; i < process->plan.whitelist_count; i++) {
        const struct file_text *certificates = certificates_of(process, i);
        int result = poll_new(&tools, i, certificates->bytes, certificates->size,
                              process->cache_fds[i], &process->polls[i]);

        if (result < 0)
            return result;
    }
    return 0;
}

static int open_loop(struct process *process)
{
    return loop_new(&process->loop);
}

static int open_all(void *self)
{
    struct process *process = self;
    static int (*const steps[])(struct process * process) = {
        open_loop, open_resolver, open_fetcher, open_teller, open_matcher, open_hosts, open_polls,
    };

    document_prepare();
    read_system(process);
    read_certificates(process);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        int result = steps[i](process);

        if (result < 0)
            return result;
    }
    return 0;
}

/* The names that are in the configuration as they are, and the one that shows translators. */
static int resolve_names(struct process *process, unsigned whitelist)
{
    const struct registry_whitelist *wanted = &process->plan.whitelists[whitelist];
    struct dname *names = calloc(process->plan.pattern_count + 1, sizeof(*names));
    size_t count = 0;
    int result;

    if (!names)
        return -ENOMEM;
    if (wanted->discovers)
        count += dname_from_text(DNS64_NAME, &names[count]);
    for (size_t i = 0; wanted->resolves && i < process->plan.pattern_count; i++) {
        const struct whitelist_pattern *pattern = &process->plan.patterns[i];

        if (pattern->whitelist == whitelist && pattern->pattern.kind == PATTERN_EXACT &&
            pattern->pattern.name.length > 1)
            names[count++] = pattern->pattern.name;
    }
    result = hosts_set(process->hosts, whitelist, HOSTS_FROM_NAMES, names, count);
    free(names);
    return result;
}

static int run(void *self)
{
    struct process *process = self;

    on_beat(process);
    for (unsigned i = 0; i < process->plan.whitelist_count; i++) {
        int result = resolve_names(process, i);

        if (result < 0)
            return result;
        poll_start(process->polls[i]);
    }
    loop_timer_set(process->report, REPORT_MS);
    return loop_run(process->loop);
}

static void prepare(void *self)
{
    tzset(); /* opens a file, for times that are printed in UTC too */
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    note_kept(self);
}

static int read_plan(void *self, int fd)
{
    struct process *process = self;

    return registry_plan_open(fd, &process->plan);
}

int main(void)
{
    static const struct source_program program = {
        .name = "wildset-registry",
        .by_hand = "; `wildset registry` fetches a list by hand",
        .prepare = prepare,
        .plan = read_plan,
        .opening = "starting",
        .open = open_all,
        .sandbox = registry_sandbox_rules,
        .working = "polling",
        .run = run,
    };
    static struct process process; /* ends with the program: nothing is given back */

    return source_main(&program, &process);
}
