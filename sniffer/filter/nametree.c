/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A node of the tree is a range of names that share so many words.  In it a name that ends comes
 * before longer ones: a name that matters is never compared beyond its own first byte.
 */
#include "sniffer/filter/nametree.h"

#include <linux/filter.h>

enum {
    WORD = NAMETAIL_WORD,
    LINEAR = 4, /* so many words are compared one after the other */
    WORDS_A_BASE = (NAMETREE_BACK + 1) / WORD,
};
#define FOLD_WORD UINT32_C(0x20202020)

struct writing {
    const struct nametails *tails;
    const struct nametree *tree;
    struct filtercode *code;
};

/* The names first..last-1, which share `depth` words; X has been moved back `bases` times. */
struct node {
    unsigned first, last, depth, bases;
};

static void write_node(const struct writing *writing, struct node node);

static const struct nametail *tree_first_of(const struct writing *writing, const struct node *node)
{
    return nametails_at(writing->tails, node->first);
}

static uint32_t word_at(const struct writing *writing, unsigned index, unsigned depth)
{
    return nametail_bytes(nametails_at(writing->tails, index), WORD * depth, WORD);
}

static bool ends_in(const struct writing *writing, const struct node *node)
{
    return node->first < node->last &&
           nametail_rest(tree_first_of(writing, node), node->depth) == 0;
}

static bool covers_all(const struct writing *writing, const struct node *node)
{
    if (node->depth == writing->tree->words)
        return true;
    return ends_in(writing, node) && !tree_first_of(writing, node)->exact;
}

/* Passes when the name begins where this one would. */
static void write_length(const struct writing *writing, const struct node *node,
                         const struct nametail *tail)
{
    uint32_t before = (node->bases + 1) * (NAMETREE_BACK + 1);

    filtercode_add(writing->code, BPF_LD | BPF_MEM, writing->tree->start);
    filtercode_add(writing->code, BPF_ALU | BPF_ADD | BPF_K, tail->name.length - before);
    filtercode_branch(writing->code, BPF_JEQ | BPF_X, 0, FILTERCODE_PASS, FILTERCODE_NEXT);
}

/* What stands `size` bytes left of the words compared, folded. */
static void write_load(const struct writing *writing, const struct node *node, unsigned size)
{
    static const uint16_t operations[] = {[1] = BPF_B, [2] = BPF_H, [3] = BPF_W, [WORD] = BPF_W};
    static const unsigned loaded[] = {[1] = 1, [2] = 2, [3] = WORD, [WORD] = WORD};
    unsigned back = WORD * (node->depth - WORDS_A_BASE * node->bases);

    filtercode_add(writing->code, (uint16_t)(BPF_LD | BPF_IND | operations[size]),
                   NAMETREE_BACK + 1 - back - loaded[size]);
    if (size == 3)
        filtercode_add(writing->code, BPF_ALU | BPF_AND | BPF_K, 0xffffff);
    filtercode_add(writing->code, BPF_ALU | BPF_OR | BPF_K, FOLD_WORD >> 8 * (WORD - size));
}

/* A name that has fewer bytes left than a word. */
static void write_short(const struct writing *writing, const struct node *node)
{
    const struct nametail *tail = tree_first_of(writing, node);
    unsigned rest = nametail_rest(tail, node->depth);
    uint32_t bytes = nametail_bytes(tail, WORD * node->depth, rest);

    write_load(writing, node, rest);
    if (!tail->exact) {
        filtercode_branch(writing->code, BPF_JEQ, bytes, FILTERCODE_PASS, FILTERCODE_NEXT);
        return;
    }
    unsigned other = filtercode_label(writing->code);
    filtercode_branch(writing->code, BPF_JEQ, bytes, FILTERCODE_NEXT, other);
    write_length(writing, node, tail);
    filtercode_place(writing->code, other);
}

static unsigned group_end(const struct writing *writing, const struct node *node, unsigned first)
{
    uint32_t word = word_at(writing, first, node->depth);

    while (first < node->last && word_at(writing, first, node->depth) == word)
        first++;
    return first;
}

/* One word after the other; A holds the packet's. */
static void write_groups(const struct writing *writing, const struct node *node)
{
    for (unsigned first = node->first, end; first < node->last; first = end) {
        struct node child = {.first = first, .depth = node->depth + 1, .bases = node->bases};
        uint32_t word = word_at(writing, first, node->depth);

        end = child.last = group_end(writing, node, first);
        unsigned other = writing->tree->no;
        bool covered = covers_all(writing, &child), is_last = end == node->last;
        if (!is_last)
            other = covered ? FILTERCODE_NEXT : filtercode_label(writing->code);
        filtercode_branch(writing->code, BPF_JEQ, word, covered ? FILTERCODE_PASS : FILTERCODE_NEXT,
                          other);
        if (!covered)
            write_node(writing, child);
        if (!covered && !is_last)
            filtercode_place(writing->code, other);
    }
}

static void write_choice(const struct writing *writing, struct node node)
{
    unsigned groups = 0, middle = node.first;

    for (unsigned at = node.first; at < node.last; groups++)
        at = group_end(writing, &node, at);
    if (groups <= LINEAR) {
        write_groups(writing, &node);
        return;
    }
    for (unsigned i = 0; i < groups / 2; i++)
        middle = group_end(writing, &node, middle);
    struct node low = node, high = node;
    low.last = high.first = middle;
    unsigned above = filtercode_label(writing->code);
    filtercode_branch(writing->code, BPF_JGE, word_at(writing, middle, node.depth), above,
                      FILTERCODE_NEXT);
    write_choice(writing, low);
    filtercode_place(writing->code, above);
    write_choice(writing, high);
}

/* Ends with a jump on every way. */
static void write_node(const struct writing *writing, struct node node)
{
    for (; ends_in(writing, &node) && !covers_all(writing, &node); node.first++)
        write_length(writing, &node, tree_first_of(writing, &node));
    if (node.first < node.last && covers_all(writing, &node)) {
        filtercode_go(writing->code, FILTERCODE_PASS);
        return;
    }
    if (node.first < node.last && node.depth >= WORDS_A_BASE * (node.bases + 1)) {
        filtercode_add(writing->code, BPF_MISC | BPF_TXA, 0);
        filtercode_add(writing->code, BPF_ALU | BPF_SUB | BPF_K, NAMETREE_BACK + 1);
        filtercode_add(writing->code, BPF_MISC | BPF_TAX, 0);
        node.bases++;
    }
    for (;
         node.first < node.last && nametail_rest(tree_first_of(writing, &node), node.depth) < WORD;
         node.first++)
        write_short(writing, &node);
    if (node.first == node.last) {
        filtercode_go(writing->code, writing->tree->no);
        return;
    }
    write_load(writing, &node, WORD);
    write_choice(writing, node);
}

void nametree_write(const struct nametree *tree, const struct nametails *tails,
                    struct filtercode *code)
{
    struct writing writing = {tails, tree, code};

    write_node(&writing, (struct node){.last = nametails_count(tails)});
}
