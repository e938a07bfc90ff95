/* SPDX-License-Identifier: Apache-2.0 */
/* Unit test of base/arena: zeroed, aligned, apart from each other, counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
    static const size_t sizes[] = {0, 1, 7, 16, 17, 100, 4000, 4097, 9000, 3, 70000, 8192, 1};
    enum { COUNT = sizeof(sizes) / sizeof(sizes[0]) };
    unsigned char *pieces[COUNT];
    struct arena arena;
    size_t total = 0;

    (void)state;
    arena_init(&arena);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            pieces[i] = arena_alloc(&arena, sizes[i]);
            assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
            for (size_t at = 0; at < sizes[i]; at++)
                assert_int_equal(pieces[i][at], 0);
            memset(pieces[i], (int)i + 1, sizes[i]);
            total += sizes[i];
        }
        for (size_t i = 0; i < COUNT; i++)
            for (size_t at = 0; at < sizes[i]; at++)
                assert_int_equal(pieces[i][at], (int)i + 1);
        assert_int_equal(arena.total, total);
    }
    arena_clear(&arena);
    assert_int_equal(arena.total, 0);
    assert_null(arena.blocks);
    assert_non_null(arena_alloc(&arena, 5));
    arena_clear(&arena);
}

static void copies_are_copies(void **state)
{
    struct arena arena;
    char source[] = "abcdef";

    (void)state;
    arena_init(&arena);
    char *whole = arena_strdup(&arena, source);
    char *part = arena_strndup(&arena, source, 3);
    char *bytes = arena_memdup(&arena, source, sizeof(source));
    source[0] = 'X';
    assert_string_equal(whole, "abcdef");
    assert_string_equal(part, "abc");
    assert_string_equal(bytes, "abcdef");
    assert_string_equal(arena_strndup(&arena, NULL, 0), "");
    assert_null(arena_strdup(&arena, NULL));
    assert_non_null(arena_memdup(&arena, NULL, 0));
    assert_string_equal(arena_printf(&arena, "%s-%d", "order", 41), "order-41");
    char *wide = arena_printf(&arena, "%20000d", 7);
    assert_int_equal(strlen(wide), 20000);
    assert_int_equal(wide[19999], '7');
    arena_clear(&arena);
}

static void heap_memory_is_zeroed_and_grows(void **state)
{
    (void)state;
    char *memory = heap_alloc(10);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(memory[i], 0);
    memory[9] = 'z';
    memory = heap_resize(memory, 1000);
    assert_int_equal(memory[9], 'z');
    free(memory);
    char *copy = heap_strdup("text");
    assert_string_equal(copy, "text");
    free(copy);
    assert_null(heap_strdup(NULL));
    free(heap_alloc(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(copies_are_copies),
        cmocka_unit_test(heap_memory_is_zeroed_and_grows),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
