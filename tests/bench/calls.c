/* SPDX-License-Identifier: Apache-2.0 */
/* calls: the limit of a worker: one thread, curl_multi, 64 kept connections, one
 * POST for each address on standard input and nothing stored.
 *
 * calls URL CA TOKEN.  Prints how many were answered "success": true.  The
 * ledger of the upstream tells how fast they were.  Shares no code with the
 * product; any failure of libcurl's own ends it. */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRANSFERS   64
#define ADDRESS_MAX 64
#define ANSWER_MAX  1024

struct transfer {
    CURL *easy;
    char body[ADDRESS_MAX + 64];
    char answer[ANSWER_MAX];
    size_t len;
};

static size_t answer_add(char *data, size_t size, size_t count, void *ctx)
{
    struct transfer *transfer = ctx;
    size_t bytes = size * count;
    if (bytes >= ANSWER_MAX - transfer->len)
        return 0;
    memcpy(transfer->answer + transfer->len, data, bytes);
    transfer->len += bytes;
    transfer->answer[transfer->len] = '\0';
    return bytes;
}

/* Begins the call for the next address; false when there is none. */
static bool transfer_begin(CURLM *multi, struct transfer *transfer)
{
    char address[ADDRESS_MAX];

    if (fgets(address, sizeof address, stdin) == NULL)
        return false;
    address[strcspn(address, "\n")] = '\0';
    snprintf(transfer->body, sizeof transfer->body, "{\"type\":\"cpanel\",\"ip\":\"%s\"}", address);
    transfer->len = 0;
    transfer->answer[0] = '\0';
    curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, transfer->body);
    if (curl_multi_add_handle(multi, transfer->easy) != CURLM_OK)
        abort();
    return true;
}

static void transfer_open(struct transfer *transfer, char **argv, const struct curl_slist *head)
{
    transfer->easy = curl_easy_init();
    if (transfer->easy == NULL)
        abort();
    curl_easy_setopt(transfer->easy, CURLOPT_URL, argv[1]);
    curl_easy_setopt(transfer->easy, CURLOPT_CAINFO, argv[2]);
    curl_easy_setopt(transfer->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, head);
    curl_easy_setopt(transfer->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(transfer->easy, CURLOPT_WRITEFUNCTION, answer_add);
    curl_easy_setopt(transfer->easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer);
}

/* Takes what has ended; counts what was done. */
static void transfers_look(CURLM *multi, int *running, long *done)
{
    struct CURLMsg *message;
    int more;

    while ((message = curl_multi_info_read(multi, &more)) != NULL) {
        struct transfer *transfer;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        *done += message->data.result == CURLE_OK && strstr(transfer->answer, "\"success\":true") != NULL;
        curl_multi_remove_handle(multi, transfer->easy);
        *running -= !transfer_begin(multi, transfer);
    }
}

int main(int argc, char **argv)
{
    static struct transfer transfers[TRANSFERS];
    char authorization[512];
    long done = 0;
    int running = 0, active;

    if (argc != 4) {
        fprintf(stderr, "usage: calls URL CA TOKEN < addresses\n");
        return 64;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM *multi = curl_multi_init();
    snprintf(authorization, sizeof authorization, "Authorization: Bearer %s", argv[3]);
    struct curl_slist *head = curl_slist_append(NULL, authorization);
    head = curl_slist_append(head, "Content-Type: application/json");
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)TRANSFERS);
    for (int i = 0; i < TRANSFERS; i++) {
        transfer_open(&transfers[i], argv, head);
        running += transfer_begin(multi, &transfers[i]);
    }
    while (running > 0) {
        if (curl_multi_perform(multi, &active) != CURLM_OK)
            abort();
        transfers_look(multi, &running, &done);
        if (running > 0)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    for (int i = 0; i < TRANSFERS; i++)
        curl_easy_cleanup(transfers[i].easy);
    curl_multi_cleanup(multi);
    curl_slist_free_all(head);
    curl_global_cleanup();
    printf("%ld\n", done);
    return 0;
}
