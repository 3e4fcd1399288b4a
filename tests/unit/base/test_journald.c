/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries for systemd's journal, byte by byte, and the socket that never waits. */
#include "base/journald.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static struct journald_entry entry;

static void test_a_field_is_name_length_value(void **state)
{
    static const char wanted[] = "MESSAGE\n"
                                 "\x05\0\0\0\0\0\0\0"
                                 "hello\n"
                                 "A_B\n"
                                 "\x01\0\0\0\0\0\0\0"
                                 "x\n";
    (void)state;
    entry.used = 0;
    journald_add(&entry, "MESSAGE", "hello");
    journald_add(&entry, "EMPTY", "");
    journald_add(&entry, "A_B", "x");
    assert_int_equal(entry.used, sizeof(wanted) - 1);
    assert_memory_equal(entry.bytes, wanted, sizeof(wanted) - 1);
}

/* "a\nPRIORITY=0" is twelve bytes of this field, and not a field of its own. */
static void test_a_line_feed_does_not_begin_another_field(void **state)
{
    (void)state;
    entry.used = 0;
    journald_add(&entry, "X", "a\nPRIORITY=0");
    assert_int_equal(entry.used, 2 + 8 + 12 + 1);
    assert_int_equal(entry.bytes[2], 12);
}

static void test_what_does_not_fit_is_left_out_whole(void **state)
{
    static char longest[JOURNALD_ENTRY_MAX + 1];
    const size_t room = JOURNALD_ENTRY_MAX - strlen("F") - 8 - 2;

    (void)state;
    entry.used = 0;
    memset(longest, 'x', room + 1);
    journald_add(&entry, "F", longest);
    assert_int_equal(entry.used, 0);
    longest[room] = '\0';
    journald_add(&entry, "F", longest);
    assert_int_equal(entry.used, JOURNALD_ENTRY_MAX);
    journald_add(&entry, "G", "y");
    assert_int_equal(entry.used, JOURNALD_ENTRY_MAX);
}

static int receiver_bind(char folder[static 64], struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    strcpy(folder, "/tmp/wildset-journald-XXXXXX");
    assert_non_null(mkdtemp(folder));
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address->sun_path, sizeof(address->sun_path), "%.40s/socket", folder);
    assert_return_code(bind(fd, (struct sockaddr *)address, sizeof(*address)), errno);
    return fd;
}

static void test_a_journal_that_does_not_read_is_not_waited_for(void **state)
{
    char folder[64];
    struct sockaddr_un address;
    int receiver = receiver_bind(folder, &address), fd, result = 0;

    (void)state;
    entry.used = 0;
    journald_add(&entry, "MESSAGE", "hello");
    fd = journald_open(address.sun_path);
    assert_true(fd >= 0);
    alarm(10); /* a send that waits ends the test */
    for (unsigned i = 0; i < 1000000 && result == 0; i++)
        result = journald_send(fd, &entry);
    alarm(0);
    assert_true(result == -EAGAIN || result == -ENOBUFS);
    assert_int_equal(recv(receiver, &entry.bytes, sizeof(entry.bytes), 0), entry.used);
    assert_int_equal(journald_send(fd, &entry), 0);
    close(receiver);
    assert_int_equal(journald_send(fd, &entry), -ECONNREFUSED);
    close(fd);
    unlink(address.sun_path);
    assert_int_equal(journald_open(address.sun_path), -ENOENT);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_field_is_name_length_value),
        cmocka_unit_test(test_a_line_feed_does_not_begin_another_field),
        cmocka_unit_test(test_what_does_not_fit_is_left_out_whole),
        cmocka_unit_test(test_a_journal_that_does_not_read_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
