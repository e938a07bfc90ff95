/* SPDX-License-Identifier: Apache-2.0 */
/* Why an own generator: the same seed must give the same history on every
 * machine and with every C library. */
#include "sim.h"

/* splitmix64 */
uint64_t random_next(struct sim *s)
{
    uint64_t z = s->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

int random_below(struct sim *s, int limit)
{
    return (int)(((random_next(s) >> 32) * (uint64_t)limit) >> 32);
}

int64_t random_between(struct sim *s, int64_t least, int64_t most)
{
    return least + random_below(s, (int)(most - least) + 1);
}

bool random_per_mille(struct sim *s, int per_mille)
{
    return random_below(s, 1000) < per_mille;
}

bool fault_strikes(struct sim *s)
{
    if (s->faults_left == 0 || !random_per_mille(s, s->rules.fault_per_mille))
        return false;
    s->faults_left--;
    return true;
}
