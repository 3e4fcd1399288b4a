/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All outputs of this daemon.  The journal is first, since it is told what opening the others does;
 * the control socket is last, so that nobody asks before there is an answer.
 */
#include "daemon/control/control.h"
#include "daemon/daemon_state.h"
#include "daemon/outputs/feeds.h"
#include "daemon/outputs/journal.h"
#include "daemon/outputs/lease_saver.h"
#ifdef WILDSET_TEST_SEAMS
#include "tests/seams/test_output.h"
#endif

const struct output *const *daemon_output_rows(void)
{
    static const struct output *const rows[] = {
        &journal_output, &lease_saver_output,
        &feeds_output,
#ifdef WILDSET_TEST_SEAMS
        &test_output,
#endif
        &control_output, NULL,
    };

    return rows;
}
