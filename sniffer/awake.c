/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wish for a latency belongs to the open descriptor: writing replaces it.
 */
#include "sniffer/awake.h"

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* Microseconds; PM_QOS_DEFAULT_VALUE is the kernel's "no wish". */
static const int32_t wish_none = -1, wish_awake = 0;

static bool wish(int fd, int32_t value)
{
    return write(fd, &value, sizeof(value)) == (ssize_t)sizeof(value);
}

static enum awake_means choose(int fd)
{
    struct stat status;

    if (fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && wish(fd, wish_none))
        return AWAKE_DEVICE;
    return sysconf(_SC_NPROCESSORS_ONLN) > 1 ? AWAKE_LOOKING : AWAKE_NONE;
}

struct awake awake_open(int fd)
{
    return (struct awake){.means = choose(fd), .fd = fd};
}

void awake_set(struct awake *awake, bool held)
{
    if (awake->held == held || awake->means == AWAKE_NONE)
        return;
    awake->held = held;
    if (awake->means != AWAKE_DEVICE || wish(awake->fd, held ? wish_awake : wish_none))
        return;
    awake->means = AWAKE_NONE;
    awake->held = false;
}

bool awake_looks(const struct awake *awake)
{
    return awake->held && awake->means == AWAKE_LOOKING;
}
