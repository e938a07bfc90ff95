/* SPDX-License-Identifier: Apache-2.0 */
/* All policy about a notice that was not taken stands here. */
#include "dispatch/notice.h"

#define RETRY_AFTER_MAX_MS (INT64_C(24) * 60 * 60 * 1000)

bool notice_taken(long status)
{
    return status >= 200 && status < 300;
}

int64_t notice_wait_ms(const struct notice_try *tried, const int64_t *schedule_ms, size_t count)
{
    int64_t asked = tried->retry_after_ms < RETRY_AFTER_MAX_MS ? tried->retry_after_ms : RETRY_AFTER_MAX_MS;

    if (tried->status == 410 || tried->before < 0 || (size_t)tried->before >= count)
        return NOTICE_NO_MORE;
    return asked > schedule_ms[tried->before] ? asked : schedule_ms[tried->before];
}

const char *notice_problem(long status)
{
    if (status == 410)
        return "the receiver says that it is gone for good";
    if (status >= 300 && status < 400)
        return "the receiver points elsewhere; redirects are not followed";
    return "the receiver did not answer with 2xx";
}
