/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the UDP header on: the name's labels are walked to its end, unrolled, since classic BPF has
 * no loops; then its last bytes go down a tree.  A foreign name of four labels costs about 50
 * instructions from the first to the last.
 */
#include "sniffer/filter/namefilter.h"

#include "dnsparse/answers/rr.h"
#include "dnsparse/names/dname.h"
#include "dnsparse/names/dns.h"
#include "sniffer/filter/nametree.h"

#include <linux/filter.h>
#include <stddef.h>

enum {
    QUESTION_COUNT_AT = 12, /* from the UDP header on */
    FLAGS_AT = 10,
    ANSWER_COUNT_AT = 14,
    AUTHORITY_COUNT_AT = 16,
    ADDITIONAL_COUNT_AT = 18,
    UDP_LENGTH_AT = 4,
    NAME_AT = 20,
    QUESTION_TAIL = 4, /* type and class */
    FLAG_RESPONSE = 0x8000,
    RCODE_BITS = 0x000f,
    TYPE_CNAME = 5,
    TYPE_DNAME = 39,
    POINTER = 0xc0,
    POINTER_SIZE = 2,
    RECORD_TYPE_AT = POINTER_SIZE, /* in a record whose owner is a pointer */
    RECORD_SIZE_AT = POINTER_SIZE + 8,
    RECORD_DATA_AT = POINTER_SIZE + 10,
    ROOT_SIZE = 1, /* an owner: of OPT */
    ROOT_RECORD_SIZE_AT = ROOT_SIZE + 8,
    ROOT_RECORD_DATA_AT = ROOT_SIZE + 10,
    RECORDS_MAX = 8, /* looked at; of an answer with more nothing can be told */
};

/* Cells of scratch memory. */
enum {
    CELL_START = FILTERPATH_CELL + 1, /* the offset of the name */
    CELL_END,                         /* of its zero */
    CELL_FLAGS,
    CELL_COUNT,    /* records left */
    CELL_DATAGRAM, /* the offset of its UDP header */
    CELL_SPARE,
    CELLS,
};

/* How fine the program is: the first that fits is taken. */
struct fineness {
    unsigned labels; /* walked; reverse names of IPv6 have 34 */
    unsigned words;  /* compared; names are told apart by their last 12 bytes nearly always */
};

static const struct fineness finenesses[] = {
    {36, NAMETREE_WORDS_MAX}, {36, 6}, {36, 4}, {24, 3}, {16, 2},
};

static void load_behind(struct filtercode *code, uint16_t size, uint32_t at)
{
    filtercode_add(code, BPF_LD | BPF_IND | size, at);
}

static void move_by(struct filtercode *code, uint32_t size)
{
    filtercode_add(code, BPF_MISC | BPF_TXA, 0);
    filtercode_add(code, BPF_ALU | BPF_ADD | BPF_K, size);
    filtercode_add(code, BPF_MISC | BPF_TAX, 0);
}

/* From X, at a length byte, to the name's zero. */
static void write_walk(struct filtercode *code, unsigned labels)
{
    unsigned end = filtercode_label(code);

    for (unsigned i = 0; i < labels; i++) {
        load_behind(code, BPF_B, 0);
        filtercode_branch(code, BPF_JEQ, 0, end, FILTERCODE_NEXT);
        filtercode_branch(code, BPF_JGT, DNAME_LABEL_MAX, FILTERCODE_PASS, FILTERCODE_NEXT);
        filtercode_add(code, BPF_ALU | BPF_ADD | BPF_X, 0);
        filtercode_add(code, BPF_ALU | BPF_ADD | BPF_K, 1);
        filtercode_add(code, BPF_MISC | BPF_TAX, 0);
    }
    load_behind(code, BPF_B, 0);
    filtercode_branch(code, BPF_JEQ, 0, FILTERCODE_NEXT, FILTERCODE_PASS);
    filtercode_place(code, end);
}

/* Over a record, by the length of its data. */
static void write_step(struct filtercode *code, uint32_t size_at, uint32_t data_at)
{
    load_behind(code, BPF_H, size_at);
    filtercode_add(code, BPF_ALU | BPF_ADD | BPF_X, 0);
    filtercode_add(code, BPF_ALU | BPF_ADD | BPF_K, data_at);
    filtercode_add(code, BPF_MISC | BPF_TAX, 0);
}

/* One record, X at its owner; passes when it is an alias, or when nothing can be told. */
static void write_record(struct filtercode *code, unsigned no)
{
    load_behind(code, BPF_B, 0);
    filtercode_branch(code, BPF_JGE, POINTER, FILTERCODE_NEXT, FILTERCODE_PASS);
    load_behind(code, BPF_H, RECORD_TYPE_AT);
    filtercode_branch(code, BPF_JEQ, TYPE_CNAME, FILTERCODE_PASS, FILTERCODE_NEXT);
    filtercode_branch(code, BPF_JEQ, TYPE_DNAME, FILTERCODE_PASS, FILTERCODE_NEXT);
    filtercode_add(code, BPF_LD | BPF_MEM, CELL_COUNT);
    filtercode_add(code, BPF_ALU | BPF_SUB | BPF_K, 1);
    filtercode_branch(code, BPF_JEQ, 0, no, FILTERCODE_NEXT);
    filtercode_add(code, BPF_ST, CELL_COUNT);
    write_step(code, RECORD_SIZE_AT, RECORD_DATA_AT);
}

/* A name that matches nothing may still lead to one that does. */
static void write_chain(struct filtercode *code, unsigned no)
{
    unsigned wanted = filtercode_label(code);

    filtercode_add(code, BPF_LDX | BPF_MEM, CELL_END);
    load_behind(code, BPF_H, 1); /* the question's type */
    for (uint16_t type = 1; type <= RR_TYPE_ANY; type++)
        if (rr_type_is_asked_for_addresses(type))
            filtercode_branch(code, BPF_JEQ, type, wanted, FILTERCODE_NEXT);
    filtercode_go(code, no);
    filtercode_place(code, wanted);
    load_behind(code, BPF_H, 3);
    filtercode_branch(code, BPF_JEQ, CLASS_IN, FILTERCODE_NEXT, no);
    filtercode_add(code, BPF_LD | BPF_MEM, CELL_FLAGS);
    filtercode_branch(code, BPF_JSET, FLAG_RESPONSE, FILTERCODE_NEXT, FILTERCODE_PASS);
    filtercode_branch(code, BPF_JSET, RCODE_BITS, no, FILTERCODE_NEXT);
    filtercode_add(code, BPF_LD | BPF_MEM, CELL_COUNT);
    filtercode_branch(code, BPF_JEQ, 0, no, FILTERCODE_NEXT);
    move_by(code, 1 + QUESTION_TAIL);
    for (unsigned i = 0; i < RECORDS_MAX; i++)
        write_record(code, no);
    filtercode_go(code, FILTERCODE_PASS);
}

/* ---- datagrams that were merged ---- */

/* One record, X at its owner; passes when that is spelled out.  To `end` behind the last one. */
static void write_any_record(struct filtercode *code, unsigned end)
{
    unsigned root = filtercode_label(code), next = filtercode_label(code);

    filtercode_add(code, BPF_LD | BPF_MEM, CELL_COUNT);
    filtercode_branch(code, BPF_JEQ, 0, end, FILTERCODE_NEXT);
    filtercode_add(code, BPF_ALU | BPF_SUB | BPF_K, 1);
    filtercode_add(code, BPF_ST, CELL_COUNT);
    load_behind(code, BPF_B, 0);
    filtercode_branch(code, BPF_JEQ, 0, root, FILTERCODE_NEXT);
    filtercode_branch(code, BPF_JGE, POINTER, FILTERCODE_NEXT, FILTERCODE_PASS);
    write_step(code, RECORD_SIZE_AT, RECORD_DATA_AT);
    filtercode_go(code, next);
    filtercode_place(code, root);
    write_step(code, ROOT_RECORD_SIZE_AT, ROOT_RECORD_DATA_AT);
    filtercode_place(code, next);
}

/* Drops a datagram that ends with its first message; one that goes on may hold another. */
static void write_merged(struct filtercode *code)
{
    unsigned end = filtercode_label(code);

    filtercode_add(code, BPF_LDX | BPF_MEM, CELL_DATAGRAM);
    load_behind(code, BPF_H, ANSWER_COUNT_AT);
    filtercode_add(code, BPF_ST, CELL_COUNT);
    load_behind(code, BPF_H, AUTHORITY_COUNT_AT);
    filtercode_add(code, BPF_ST, CELL_SPARE);
    load_behind(code, BPF_H, ADDITIONAL_COUNT_AT);
    filtercode_add(code, BPF_LDX | BPF_MEM, CELL_COUNT);
    filtercode_add(code, BPF_ALU | BPF_ADD | BPF_X, 0);
    filtercode_add(code, BPF_LDX | BPF_MEM, CELL_SPARE);
    filtercode_add(code, BPF_ALU | BPF_ADD | BPF_X, 0);
    filtercode_add(code, BPF_ST, CELL_COUNT); /* of all records */
    filtercode_add(code, BPF_LDX | BPF_MEM, CELL_END);
    move_by(code, 1 + QUESTION_TAIL);
    for (unsigned i = 0; i < RECORDS_MAX; i++)
        write_any_record(code, end);
    filtercode_add(code, BPF_LD | BPF_MEM, CELL_COUNT);
    filtercode_branch(code, BPF_JEQ, 0, FILTERCODE_NEXT, FILTERCODE_PASS);
    filtercode_place(code, end);
    filtercode_add(code, BPF_STX, CELL_SPARE);
    filtercode_add(code, BPF_LDX | BPF_MEM, CELL_DATAGRAM);
    load_behind(code, BPF_H, UDP_LENGTH_AT);
    filtercode_add(code, BPF_ALU | BPF_ADD | BPF_X, 0);
    filtercode_add(code, BPF_LDX | BPF_MEM, CELL_SPARE);
    filtercode_branch(code, BPF_JGT | BPF_X, 0, FILTERCODE_PASS, FILTERCODE_DROP);
}

static void write_dns(const struct namefilter_choice *choice, const struct nametails *names,
                      const struct fineness *fineness, struct filtercode *code)
{
    unsigned foreign = choice->merges ? filtercode_label(code) : FILTERCODE_DROP;
    struct nametree tree = {
        .words = fineness->words,
        .start = CELL_START,
        .no = choice->chain ? filtercode_label(code) : foreign,
    };

    if (choice->merges)
        filtercode_add(code, BPF_STX, CELL_DATAGRAM);
    load_behind(code, BPF_H, QUESTION_COUNT_AT);
    filtercode_branch(code, BPF_JEQ, 1, FILTERCODE_NEXT, FILTERCODE_PASS);
    if (choice->chain) {
        load_behind(code, BPF_H, FLAGS_AT);
        filtercode_add(code, BPF_ST, CELL_FLAGS);
        load_behind(code, BPF_H, ANSWER_COUNT_AT);
        filtercode_add(code, BPF_ST, CELL_COUNT);
    }
    move_by(code, NAME_AT);
    if (nametails_have_exact(names))
        filtercode_add(code, BPF_STX, CELL_START);
    write_walk(code, fineness->labels);
    if (choice->chain || choice->merges)
        filtercode_add(code, BPF_STX, CELL_END);
    move_by(code, -(uint32_t)NAMETREE_BACK);
    nametree_write(&tree, names, code);
    if (choice->chain) {
        filtercode_place(code, tree.no);
        write_chain(code, foreign);
    }
    if (choice->merges) {
        filtercode_place(code, foreign);
        write_merged(code);
    }
}

static bool namefilter_compile(const struct namefilter_choice *choice,
                               const struct nametails *names, const struct fineness *fineness,
                               struct filtercode *code, struct filter_program *out)
{
    struct filterpath path = {
        .link = choice->link,
        .lengths = choice->lengths,
        .rules = choice->rules,
    };
    unsigned cells = FILTERPATH_CELL + 1;

    if (names && (choice->chain || choice->merges))
        cells = CELLS;
    else if (names && nametails_have_exact(names))
        cells = CELL_START + 1;
    filtercode_clear(code);
    path.dns = names ? filtercode_label(code) : FILTERCODE_PASS;
    /*
     * The kernel refuses a load from a cell that may not have been stored to, and takes every
     * return for one that goes on behind it: each cell is stored to at the start.
     */
    for (unsigned cell = 0; cell < cells; cell++)
        filtercode_add(code, BPF_ST, cell);
    filterpath_write(&path, code);
    if (names) {
        filtercode_place(code, path.dns);
        write_dns(choice, names, fineness, code);
    }
    return filtercode_finish(code, choice->most, out);
}

bool namefilter_build(const struct namefilter_choice *choice, const struct nametails *names,
                      struct filtercode *code, struct filter_program *out)
{
    if (!names || !nametails_are_usable(names))
        return namefilter_compile(choice, NULL, finenesses, code, out);
    for (unsigned i = 0; i < sizeof(finenesses) / sizeof(finenesses[0]); i++) {
        if (namefilter_compile(choice, names, &finenesses[i], code, out))
            return true;
    }
    return false;
}
