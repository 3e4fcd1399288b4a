/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capabilities and limits of each process.  The order is the point: what needs a privilege is done
 * first, and each privilege goes as soon as the last step that needs it is done.
 */
#include "base/sandbox.h"

#include "base/seccomp.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <linux/securebits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- capabilities ---- */

static bool has(capng_type_t set, unsigned capability)
{
    return capng_have_capability(set, capability) == 1;
}

static int no_new_privileges(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static int clear_ambient(void)
{
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ? -errno : 0;
}

/* libcap-ng keeps the wanted sets in a state of its own and says -1 for all errors. */
static int apply(void)
{
    errno = 0;
    if (capng_apply(CAPNG_SELECT_CAPS) == 0)
        return 0;
    return errno ? -errno : -EPERM;
}

/*
 * `passed` stays: a child can make inheritable, and so pass to a program, only what is in here. The
 * kernel says EINVAL behind its last capability.
 */
static int reduce_bounding_set(unsigned passed)
{
    for (unsigned capability = 0; capability < 64; capability++) {
        if (capability == passed)
            continue;
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
            return errno == EINVAL ? 0 : -errno;
    }
    return 0;
}

/*
 * The user that the package makes.  Where it does not exist or cannot be taken (a user namespace
 * that does not map it), root without capabilities is what remains; a change half done is an error.
 */
static int become_user(const char *name)
{
    const struct passwd *user;

    if (geteuid() != 0 || !has(CAPNG_EFFECTIVE, CAP_SETUID) || !has(CAPNG_EFFECTIVE, CAP_SETGID))
        return 0;
    user = getpwnam(name);
    if (!user || setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0)
        return 0;
    if (initgroups(name, user->pw_gid) < 0)
        return -errno;
    /* Only needed where the securebits could not be set. */
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        return -errno;
    if (setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0)
        return -errno;
    return prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 ? -errno : 0;
}

int sandbox_reduce_privileges(const struct sandbox_privileges *kept)
{
    const unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                               SECBIT_NO_SETUID_FIXUP_LOCKED;
    int result;

    if (capng_get_caps_process() < 0)
        return -EPERM;
    if (!has(CAPNG_PERMITTED, kept->effective) || !has(CAPNG_PERMITTED, kept->passed))
        return -EPERM;
    if (has(CAPNG_EFFECTIVE, CAP_SETPCAP)) {
        /* Root has no power of its own from here on: neither exec nor setuid gives it any. */
        if (prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0)
            return -errno;
        result = reduce_bounding_set(kept->passed);
        if (result < 0)
            return result;
    }
    result = become_user(kept->user);
    if (result < 0)
        return result;
    capng_clear(CAPNG_SELECT_CAPS);
    if (capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept->effective) < 0 ||
        capng_update(CAPNG_ADD, CAPNG_PERMITTED, kept->passed) < 0)
        return -EINVAL;
    result = apply();
    return result < 0 ? result : clear_ambient();
}

int sandbox_pass_net_raw(void)
{
    int result;

    capng_clear(CAPNG_SELECT_CAPS);
    if (capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE,
                     CAP_NET_RAW) < 0)
        return -EINVAL;
    result = apply();
    if (result < 0)
        return result;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0) < 0)
        return -errno;
    return no_new_privileges();
}

int sandbox_pass_nothing(void)
{
    int result = sandbox_drop_capabilities();

    return result < 0 ? result : no_new_privileges();
}

int sandbox_drop_capabilities(void)
{
    int result = clear_ambient();

    if (result < 0)
        return result;
    capng_clear(CAPNG_SELECT_CAPS);
    return apply();
}

/* ---- the sandbox ---- */

int sandbox_enter(const struct sandbox_rules *rules)
{
    struct stat status;
    bool stderr_is_a_file = fstat(STDERR_FILENO, &status) == 0 && S_ISREG(status.st_mode);
    int result = no_new_privileges();

    if (result < 0)
        return result;
    for (size_t i = 0; i < rules->limit_count; i++) {
        const struct sandbox_limit *limit = &rules->limits[i];
        const struct rlimit most = {limit->most, limit->most};

        if (limit->on_stderr && stderr_is_a_file)
            continue;
        if (setrlimit(limit->resource, &most) < 0)
            return -errno;
    }
    return seccomp_enter(rules->tables, rules->table_count);
}
