/* SPDX-License-Identifier: Apache-2.0 */
/* sim: histories by the hundred thousand, one process per core.
 *
 *   sim RUNS SEED          histories SEED .. SEED + RUNS - 1; ends with "sim: ok ..."
 *   sim RUNS SEED bugs     each seeded mistake must be found within RUNS histories (TAP)
 *   sim RUNS SEED trace    the same as the first, with each event told
 *
 * A failure names its seed; that seed alone shows it again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim.h"

#define PROCESSES_MAX 64

static const char *const reached_words[REACHED_COUNT] = {
    [REACHED_DOUBT] = "doubts",           [REACHED_DONE] = "shown_done",      [REACHED_NOT] = "shown_not",
    [REACHED_AMBIGUOUS] = "undecided",    [REACHED_ALARM] = "alarms",         [REACHED_TAINTED] = "tainted",
    [REACHED_PROBED] = "probed",          [REACHED_LATE] = "late_answers",    [REACHED_TAKEOVER] = "takeovers",
    [REACHED_FENCED] = "fenced",          [REACHED_STALE] = "stale_balances", [REACHED_LEARNED] = "learned",
    [REACHED_RESOLVED] = "resolved",      [REACHED_SHORT] = "short",          [REACHED_RISE] = "topups_seen",
    [REACHED_PARALLEL] = "parallel",      [REACHED_FREE] = "shown_free",      [REACHED_LIFTED] = "taint_lifted",
    [REACHED_PROBE_LOST] = "probes_lost",
};

struct result {
    uint64_t events;
    uint64_t failed;
    uint64_t failed_seed;
    uint64_t reached[REACHED_COUNT];
};

/* Every step-th history; ends with the first failure. */
static struct result histories_run(uint64_t runs, uint64_t seed, uint64_t first, uint64_t step, bool trace)
{
    static struct sim sim;
    struct result result = {0};
    for (uint64_t i = first; i < runs && result.failed == 0; i += step) {
        bool ok = history_run(&sim, seed + i, BUG_NONE, trace);
        result.events += sim.events;
        for (int r = 0; r < REACHED_COUNT; r++)
            result.reached[r] += sim.reached[r];
        if (!ok) {
            result.failed = 1;
            result.failed_seed = seed + i;
        }
    }
    return result;
}

/* Tells the whole story of a history that broke a promise. */
static void failure_tell(uint64_t seed)
{
    static struct sim sim;
    history_run(&sim, seed, BUG_NONE, true);
    printf("sim: FAILED seed=%" PRIu64 " order=%d after %" PRIu64 " events: %s\n", seed, sim.failure_order, sim.events,
           sim.failure != NULL ? sim.failure : "not seen again");
    printf("sim: once more: make sim SEED=%" PRIu64 " RUNS=1 TRACE=1\n", seed);
}

static void result_add(struct result *sum, const struct result *part)
{
    sum->events += part->events;
    if (part->failed > 0 && (sum->failed == 0 || part->failed_seed < sum->failed_seed))
        sum->failed_seed = part->failed_seed;
    sum->failed += part->failed;
    for (int r = 0; r < REACHED_COUNT; r++)
        sum->reached[r] += part->reached[r];
}

/* One process per core; each hands its result through a pipe. */
static struct result histories_share(uint64_t runs, uint64_t seed, int processes)
{
    struct result sum = {0}, part;
    int ends[2];
    if (pipe(ends) != 0)
        exit(EXIT_FAILURE);
    fflush(stdout);
    for (int i = 0; i < processes; i++) {
        if (fork() != 0)
            continue;
        part = histories_run(runs, seed, (uint64_t)i, (uint64_t)processes, false);
        _exit(write(ends[1], &part, sizeof part) == (ssize_t)sizeof part ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    close(ends[1]);
    int parts = 0;
    for (; read(ends[0], &part, sizeof part) == (ssize_t)sizeof part; parts++)
        result_add(&sum, &part);
    while (wait(NULL) > 0)
        continue;
    if (parts < processes) {
        fprintf(stderr, "sim: a process died\n");
        exit(EXIT_FAILURE);
    }
    return sum;
}

/* A situation that never occurred was not tested. */
static bool reached_print(const struct result *result, uint64_t runs)
{
    bool all = true;
    printf("sim: reached");
    for (int r = 0; r < REACHED_COUNT; r++) {
        printf(" %s=%" PRIu64, reached_words[r], result->reached[r]);
        all = all && result->reached[r] > 0;
    }
    putchar('\n');
    if (!all && runs >= 10000)
        printf("sim: FAILED: a situation was never reached\n");
    return all || runs < 10000;
}

static int bugs_hunt(uint64_t runs, uint64_t seed)
{
    static struct sim sim;
    int missed = 0;
    printf("1..%d\n", BUG_COUNT - 1);
    for (int bug = BUG_NONE + 1; bug < BUG_COUNT; bug++) {
        uint64_t i = 0;
        while (i < runs && history_run(&sim, seed + i, (enum bug)bug, false))
            i++;
        if (i < runs) {
            printf("ok %d - %s is found after %" PRIu64 " histories: %s\n", bug, bug_name((enum bug)bug), i + 1,
                   sim.failure);
        } else {
            printf("not ok %d - %s is not found in %" PRIu64 " histories\n", bug, bug_name((enum bug)bug), runs);
            missed++;
        }
        fflush(stdout);
    }
    return missed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    uint64_t runs = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    const char *mode = argc > 3 ? argv[3] : "";
    if (runs == 0 || argc > 4) {
        fprintf(stderr, "usage: sim RUNS [SEED [bugs|trace]]\n");
        return EXIT_FAILURE;
    }
    if (strcmp(mode, "bugs") == 0)
        return bugs_hunt(runs, seed);
    bool tracing = strcmp(mode, "trace") == 0;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int processes = cores < 1 ? 1 : cores > PROCESSES_MAX ? PROCESSES_MAX : (int)cores;
    struct result result =
        tracing || runs < 1000 ? histories_run(runs, seed, 0, 1, tracing) : histories_share(runs, seed, processes);
    if (result.failed > 0)
        failure_tell(result.failed_seed);
    if (result.failed > 0 || !reached_print(&result, runs))
        return EXIT_FAILURE;
    printf("sim: ok runs=%" PRIu64 " events=%" PRIu64 " seed=%" PRIu64 "\n", runs, result.events, seed);
    return EXIT_SUCCESS;
}
