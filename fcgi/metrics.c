/* SPDX-License-Identifier: Apache-2.0 */
/* metrics: GET /metrics, what Prometheus scrapes.
 *
 * What the bridge does is counted by the database, the same for every process
 * that is asked; how this process fares it tells itself.  No label ever holds an
 * id.  Reads only. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/text.h"
#include "fcgi/latency.h"
#include "fcgi/ops.h"
#include "fcgi/reply.h"
#include "query.h"

#define METRICS_CEILING ((size_t)1024 * 1024)
#define METRICS_TYPE    "text/plain; version=0.0.4; charset=utf-8"

static void family_head(struct text *out, const char *family, const char *type, const char *help)
{
    text_addf(out, "# HELP %s %s\n# TYPE %s %s\n", family, help, family, type);
}

static void gauge_add(struct text *out, const char *family, const char *type, const char *help, double value)
{
    family_head(out, family, type, help);
    text_addf(out, "%s %.15g\n", family, value);
}

static void latency_add(struct text *out, const struct latency *latency)
{
    const char *family = "license_bridge_ops_request_duration_seconds";

    family_head(out, family, "histogram", "How long operators' requests took in this process.");
    for (int i = 0; i < LATENCY_BUCKETS; i++)
        text_addf(out, "%s_bucket{le=\"%g\"} %lld\n", family, LATENCY_BOUNDS[i], (long long)latency->below[i]);
    text_addf(out, "%s_bucket{le=\"+Inf\"} %lld\n", family, (long long)latency->count);
    text_addf(out, "%s_sum %.6f\n%s_count %lld\n", family, (double)latency->sum_us / 1e6, family,
              (long long)latency->count);
}

/* The 20th word behind the name in /proc/self/stat is when we began, in ticks since boot. */
static double process_began(void)
{
    char line[1024] = "";
    long long began = 0, boot = 0;
    FILE *stat = fopen("/proc/self/stat", "re");
    FILE *machine = fopen("/proc/stat", "re");

    if (stat != NULL && fgets(line, sizeof line, stat) != NULL && strrchr(line, ')') != NULL &&
        sscanf(strrchr(line, ')') + 1,
               " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lld", &began) != 1)
        began = 0;
    while (machine != NULL && boot == 0 && fgets(line, sizeof line, machine) != NULL)
        if (sscanf(line, "btime %lld", &boot) != 1)
            boot = 0;
    if (stat != NULL)
        (void)fclose(stat);
    if (machine != NULL)
        (void)fclose(machine);
    return (double)boot + (double)began / (double)sysconf(_SC_CLK_TCK);
}

static double descriptors_open(void)
{
    DIR *open = opendir("/proc/self/fd");
    int count = 0;

    while (open != NULL && readdir(open) != NULL)
        count++;
    if (open != NULL)
        closedir(open);
    return count > 3 ? count - 3 : 0; /* ".", ".." and the folder itself */
}

static void process_add(struct text *out)
{
    struct rusage usage = {0};
    struct rlimit files = {0};
    long long pages = 0, resident = 0;
    FILE *statm = fopen("/proc/self/statm", "re");

    if (statm != NULL) {
        if (fscanf(statm, "%lld %lld", &pages, &resident) != 2)
            pages = resident = 0;
        (void)fclose(statm);
    }
    getrusage(RUSAGE_SELF, &usage);
    getrlimit(RLIMIT_NOFILE, &files);
    gauge_add(out, "process_cpu_seconds_total", "counter", "CPU time of this process.",
              (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                  (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    gauge_add(out, "process_resident_memory_bytes", "gauge", "Memory of this process.",
              (double)resident * (double)sysconf(_SC_PAGESIZE));
    gauge_add(out, "process_virtual_memory_bytes", "gauge", "Address space of this process.",
              (double)pages * (double)sysconf(_SC_PAGESIZE));
    gauge_add(out, "process_open_fds", "gauge", "Open descriptors.", descriptors_open());
    gauge_add(out, "process_max_fds", "gauge", "Descriptors that it may open.", (double)files.rlim_cur);
    gauge_add(out, "process_start_time_seconds", "gauge", "When this process began, since 1970.", process_began());
}

/* The name under which a sample is described: a histogram's samples have a word more. */
static const char *family_of(struct arena *arena, const char *name, const char *type)
{
    const char *last = strrchr(name, '_');
    return strcmp(type, "histogram") == 0 && last != NULL ? arena_strndup(arena, name, (size_t)(last - name)) : name;
}

static void sample_add(struct text *out, const struct rows *rows, int row)
{
    const char *name = rows_text(rows, row, "family"), *labels = rows_text(rows, row, "labels");
    text_addf(out, *labels != '\0' ? "%s{%s} %s\n" : "%s%s %s\n", name, labels, rows_text(rows, row, "value"));
}

static void metrics_found(void *ctx, const struct rows *rows)
{
    struct request *request = ctx;
    const char *described = "";
    struct text out;

    if (rows_status(rows) != ROWS_OK) {
        ops_refused(request, rows);
        return;
    }
    text_init(&out, METRICS_CEILING);
    for (int row = 0; row < rows_count(rows); row++) {
        const char *type = rows_text(rows, row, "type");
        const char *family = family_of(&request->arena, rows_text(rows, row, "family"), type);
        if (strcmp(family, described) != 0)
            family_head(&out, family, type, rows_text(rows, row, "help"));
        described = family;
        sample_add(&out, rows, row);
    }
    latency_add(&out, &request->front->latency);
    process_add(&out);
    reply_text(request, METRICS_TYPE, NULL, text_str(&out), out.len);
    text_clear(&out);
}

static void metrics_permitted(struct request *request)
{
    session_submit(front_reader(request->front), &QUERY_OPS_METRICS, NULL, FRONT_READ_TIMEOUT_MS, metrics_found,
                   request);
}

void metrics_serve(struct front *front, struct request *request, const char *rest)
{
    (void)front;
    (void)rest;
    front_require_scope(request, "read", metrics_permitted);
}
