/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Letting go is a wish for the default: closing would do too, but nothing can be opened again.
 */
#include "sniffer/live/cpu_latency.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* Microseconds; -1 is the kernel's PM_QOS_DEFAULT_VALUE. */
static const int32_t wish_none = -1, wish_awake = 0;

static bool wish(int fd, int32_t value)
{
    return write(fd, &value, sizeof(value)) == (ssize_t)sizeof(value);
}

struct cpu_latency cpu_latency_open(int fd)
{
    char driver[32] = "";
    struct stat status;
    int idle;

    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISCHR(status.st_mode) || !wish(fd, wish_none))
        return (struct cpu_latency){.fd = -1};
    /*
     * Without a driver for idle states the kernel only halts, and the wish changes nothing: then it
     * is not spoken.  What cannot be opened (no sysfs) is taken for a driver.
     */
    idle = open("/sys/devices/system/cpu/cpuidle/current_driver", O_RDONLY | O_CLOEXEC);
    if (idle >= 0) {
        if (read(idle, driver, sizeof(driver) - 1) < 0)
            driver[0] = '\0';
        close(idle);
    }
    return (struct cpu_latency){.fd = strcmp(driver, "none\n") == 0 ? -1 : fd};
}

void cpu_latency_set(struct cpu_latency *cpu_latency, bool held)
{
    if (cpu_latency->fd < 0 || cpu_latency->held == held)
        return;
    cpu_latency->held = held;
    if (wish(cpu_latency->fd, held ? wish_awake : wish_none))
        return;
    *cpu_latency = (struct cpu_latency){.fd = -1};
}
