/* A queue of objects that carry their own link. Adding one allocates nothing,
** so that handing an object on cannot fail. An object is in one list at a time;
** the list borrows it, and its users say who owns what is in it. */
#ifndef SALON_LIST_H
#define SALON_LIST_H

#include <stddef.h>

/* The first member of what can be listed, so that a cast leads back to it. */
typedef struct salon_Node {
  struct salon_Node *next;
} salon_Node;

typedef struct salon_List {
  salon_Node *first, *last; /* both NULL when it is empty */
} salon_List;

static inline void salon_list_push(salon_List *list, salon_Node *node) {
  node->next = NULL;
  if (list->last != NULL)
    list->last->next = node;
  else
    list->first = node;
  list->last = node;
}

/* NULL when there is none. */
static inline salon_Node *salon_list_pop(salon_List *list) {
  salon_Node *node = list->first;
  if (node == NULL) return NULL;
  list->first = node->next;
  if (list->first == NULL) list->last = NULL;
  return node;
}

/* `node` must be in the list: it is looked for from the front. */
static inline void salon_list_remove(salon_List *list, salon_Node *node) {
  salon_Node *before = NULL;
  for (salon_Node *n = list->first; n != node; n = n->next) before = n;
  if (before != NULL)
    before->next = node->next;
  else
    list->first = node->next;
  if (list->last == node) list->last = before;
}

#endif
