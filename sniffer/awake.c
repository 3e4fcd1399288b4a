/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Letting go is a wish for the default: closing would do too, but nothing can be opened again.
 */
#include "sniffer/awake.h"

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* Microseconds; -1 is the kernel's PM_QOS_DEFAULT_VALUE. */
static const int32_t wish_none = -1, wish_awake = 0;

static bool wish(int fd, int32_t value)
{
    return write(fd, &value, sizeof(value)) == (ssize_t)sizeof(value);
}

struct awake awake_open(int fd)
{
    struct stat status;
    bool usable =
        fd >= 0 && fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && wish(fd, wish_none);

    return (struct awake){.fd = usable ? fd : -1};
}

bool awake_is_possible(const struct awake *awake)
{
    return awake->fd >= 0;
}

void awake_set(struct awake *awake, bool held)
{
    if (awake->fd < 0 || awake->held == held)
        return;
    awake->held = held;
    if (wish(awake->fd, held ? wish_awake : wish_none))
        return;
    *awake = (struct awake){.fd = -1};
}
