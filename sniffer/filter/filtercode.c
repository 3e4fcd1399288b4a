/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps are kept with symbolic targets and laid out from the last to the first: jumps go forward,
 * so each target's place is known by then, and one pass is enough.  A place is its rank: how many
 * instructions there are from it to the end.
 */
#include "sniffer/filter/filtercode.h"

#include <assert.h>
#include <linux/filter.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEPS_MAX = FILTER_PROGRAM_MAX,
    LABELS_MAX = FILTER_PROGRAM_MAX,
    REACH = 255,      /* of a conditional jump */
    PASS = 0x40000,   /* the kernel cuts what it keeps to this: more than any packet has */
    JUMP_TO = 0xffff, /* a step's operation: no instruction, only where to go on */
};

static_assert(sizeof(struct filter_instruction) == sizeof(struct sock_filter) &&
                  offsetof(struct filter_instruction, k) == offsetof(struct sock_filter, k),
              "the kernel reads these instructions as they are");
static_assert(FILTER_PROGRAM_MAX == BPF_MAXINSNS, "no longer program is taken");

struct step {
    uint16_t operation;
    uint16_t yes, no; /* of a branch; JUMP_TO: yes */
    uint32_t k;
};

struct place {
    uint16_t label, step;
};

struct filtercode {
    unsigned step_count, label_count, place_count;
    bool overflow;
    struct step steps[STEPS_MAX];
    struct place places[LABELS_MAX]; /* in the order of their steps */
    uint16_t own[LABELS_MAX];        /* a target's rank; 0: not known */
    uint16_t near[LABELS_MAX];       /* the rank of the nearest instruction that leads there */
};

struct filtercode *filtercode_new(void)
{
    struct filtercode *code = calloc(1, sizeof(*code));

    if (code)
        filtercode_clear(code);
    return code;
}

void filtercode_free(struct filtercode *code)
{
    free(code);
}

void filtercode_clear(struct filtercode *code)
{
    code->step_count = 0;
    code->place_count = 0;
    code->label_count = FILTERCODE_LABELS;
    code->overflow = false;
}

/* ---- writing ---- */

unsigned filtercode_label(struct filtercode *code)
{
    if (code->label_count == LABELS_MAX) {
        code->overflow = true;
        return FILTERCODE_PASS;
    }
    return code->label_count++;
}

void filtercode_place(struct filtercode *code, unsigned label)
{
    if (label < FILTERCODE_LABELS || code->place_count == LABELS_MAX)
        return;
    code->places[code->place_count++] =
        (struct place){.label = (uint16_t)label, .step = (uint16_t)code->step_count};
}

static void add_step(struct filtercode *code, struct step step)
{
    if (code->step_count == STEPS_MAX)
        code->overflow = true;
    else
        code->steps[code->step_count++] = step;
}

void filtercode_add(struct filtercode *code, uint16_t operation, uint32_t k)
{
    add_step(code, (struct step){.operation = operation, .k = k});
}

void filtercode_branch(struct filtercode *code, uint16_t comparison, uint32_t k, unsigned yes,
                       unsigned no)
{
    add_step(code, (struct step){.operation = (uint16_t)(BPF_JMP | comparison),
                                 .yes = (uint16_t)yes,
                                 .no = (uint16_t)no,
                                 .k = k});
}

void filtercode_go(struct filtercode *code, unsigned target)
{
    if (target == FILTERCODE_NEXT)
        return;
    add_step(code, (struct step){.operation = JUMP_TO, .yes = (uint16_t)target});
}

/* ---- laying out ---- */

struct layout {
    struct filtercode *code;
    struct filter_program *program; /* filled from its end */
    unsigned count;
    unsigned most;
    bool failed;
};

static void prepend(struct layout *layout, struct filter_instruction instruction)
{
    if (layout->count == layout->most) {
        layout->failed = true;
        return;
    }
    layout->program->instructions[FILTER_PROGRAM_MAX - ++layout->count] = instruction;
}

/* One instruction that leads to the target: others near it use it too. */
static void prepend_way(struct layout *layout, unsigned target)
{
    struct filter_instruction way = {.code = BPF_RET | BPF_K};

    if (target == FILTERCODE_PASS) {
        way.k = PASS;
    } else if (target >= FILTERCODE_LABELS) {
        way.code = BPF_JMP | BPF_JA;
        way.k = layout->count - layout->code->own[target];
        layout->failed |= layout->code->own[target] == 0;
    }
    prepend(layout, way);
    layout->code->near[target] = (uint16_t)layout->count;
}

/* The rank to jump to from here, the target itself where it can be; 0: there is none. */
static unsigned rank_in_reach(const struct layout *layout, unsigned target, unsigned next)
{
    const struct filtercode *code = layout->code;

    if (target == FILTERCODE_NEXT)
        return next;
    const unsigned ranks[] = {code->own[target], code->near[target]};
    for (unsigned i = 0; i < sizeof(ranks) / sizeof(ranks[0]); i++) {
        if (ranks[i] != 0 && layout->count - ranks[i] <= REACH)
            return ranks[i];
    }
    return 0;
}

static void lay_step(struct layout *layout, const struct step *step)
{
    unsigned next = layout->count;

    if (step->operation == JUMP_TO) {
        if (step->yes < FILTERCODE_LABELS || layout->code->own[step->yes] != next)
            prepend_way(layout, step->yes);
        return;
    }
    if (BPF_CLASS(step->operation) != BPF_JMP) {
        prepend(layout, (struct filter_instruction){.code = step->operation, .k = step->k});
        return;
    }
    /* A way for one may push the other's target out of reach. */
    while (!layout->failed) {
        unsigned yes = rank_in_reach(layout, step->yes, next);
        unsigned no = rank_in_reach(layout, step->no, next);

        if (yes && no) {
            prepend(layout, (struct filter_instruction){
                                .code = step->operation,
                                .if_true = (uint8_t)(layout->count - yes),
                                .if_false = (uint8_t)(layout->count - no),
                                .k = step->k,
                            });
            return;
        }
        prepend_way(layout, yes ? step->no : step->yes);
    }
}

bool filtercode_finish(struct filtercode *code, unsigned most, struct filter_program *out)
{
    struct layout layout = {.code = code, .program = out, .most = most};
    unsigned place = code->place_count;

    if (most > FILTER_PROGRAM_MAX)
        layout.most = FILTER_PROGRAM_MAX;
    filtercode_go(code, FILTERCODE_PASS); /* whatever runs to the end, and a label placed there */
    if (code->overflow)
        return false;
    memset(code->own, 0, sizeof(code->own));
    memset(code->near, 0, sizeof(code->near));
    for (unsigned i = code->step_count; i-- > 0 && !layout.failed;) {
        lay_step(&layout, &code->steps[i]);
        for (; place > 0 && code->places[place - 1].step == i; place--) {
            code->own[code->places[place - 1].label] = (uint16_t)layout.count;
            code->near[code->places[place - 1].label] = (uint16_t)layout.count;
        }
    }
    if (layout.failed)
        return false;
    out->count = layout.count;
    memmove(out->instructions, out->instructions + FILTER_PROGRAM_MAX - layout.count,
            layout.count * sizeof(*out->instructions));
    return true;
}
