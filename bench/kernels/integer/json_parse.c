// A recursive-descent JSON parser that builds a tree in an arena, then walks it; over a generated document of nested records.
#include <string.h>

#include "../kernel.h"

enum {
  kRecords = KERNEL_SIZE(60000, 1500),
  kMostText = kRecords * 256,
  kMostNodes = kRecords * 24,
  kRounds = KERNEL_SIZE(4, 1)
};

enum kind { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

// Members of an array or object are linked through `next`; a member of an object has its name.
struct node {
  enum kind kind;
  const char* name;
  uint32_t name_length, length;  // length: of a string
  struct node *first, *next;
  double number;
  const char* text;
};

static char document[kMostText];
static struct node nodes[kMostNodes];
static uint32_t nodes_used;
static const char* at;
static double total;

static uint32_t put(uint32_t to, const char* part) {
  const size_t length = strlen(part);
  memcpy(document + to, part, length);
  return to + (uint32_t)length;
}

static uint32_t put_number(uint32_t to, uint32_t number) {
  char digits[12];
  int count = 0;
  do digits[count++] = (char)('0' + number % 10);
  while ((number /= 10) != 0);
  while (count > 0) document[to++] = digits[--count];
  return to;
}

static void prepare(void) {
  static const char* const names[] = {"anna", "bo\\u0161ko", "\\\"carla\\\"", "dimitri", "eve"};
  uint64_t state = 13;
  uint32_t to = put(0, "[\n");
  for (uint32_t record = 0; record < kRecords; ++record) {
    to = put(to, record ? ",\n  {\"id\": " : "  {\"id\": ");
    to = put_number(to, record);
    to = put(to, ", \"name\": \"");
    to = put(to, names[kernel_random(&state) % 5]);
    to = put(to, "\", \"scores\": [");
    for (uint32_t i = kernel_random(&state) % 8; i > 0; --i) {
      to = put_number(to, kernel_random(&state) % 1000);
      to = put(to, ".");
      to = put_number(to, kernel_random(&state) % 100);
      to = put(to, i > 1 ? ", " : "");
    }
    to = put(to, kernel_random(&state) % 2 ? "], \"active\": true, " : "], \"active\": false, ");
    to = put(to, "\"address\": {\"city\": \"town\", \"zip\": -");
    to = put_number(to, kernel_random(&state) % 100000);
    to = put(to, "e1, \"note\": null}}");
  }
  to = put(to, "\n]\n");
  document[to] = 0;
}

static struct node* parse_value(void);

static void skip_space(void) {
  while (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r') ++at;
}

static struct node* new_node(enum kind kind) {
  struct node* node = &nodes[nodes_used++];
  memset(node, 0, sizeof(*node));
  node->kind = kind;
  return node;
}

static const char* parse_string(uint32_t* length) {
  const char* const start = ++at;
  while (*at != '"') at += *at == '\\' ? 2 : 1;
  *length = (uint32_t)(at - start);
  ++at;
  return start;
}

static double parse_number(void) {
  const int negative = *at == '-';
  at += negative;
  double value = 0, scale = 1;
  while (*at >= '0' && *at <= '9') value = value * 10 + (*at++ - '0');
  if (*at == '.') {
    ++at;
    while (*at >= '0' && *at <= '9') {
      value = value * 10 + (*at++ - '0');
      scale *= 10;
    }
  }
  value /= scale;
  if (*at == 'e' || *at == 'E') {
    ++at;
    int exponent = 0;
    while (*at >= '0' && *at <= '9') exponent = exponent * 10 + (*at++ - '0');
    while (exponent-- > 0) value *= 10;
  }
  return negative ? -value : value;
}

static struct node* parse_members(enum kind kind, char end) {
  struct node* const whole = new_node(kind);
  struct node** link = &whole->first;
  ++at;
  skip_space();
  while (*at != end) {
    const char* name = NULL;
    uint32_t name_length = 0;
    if (kind == kObject) {
      name = parse_string(&name_length);
      skip_space();
      ++at;  // the colon
      skip_space();
    }
    struct node* const member = parse_value();
    member->name = name;
    member->name_length = name_length;
    *link = member;
    link = &member->next;
    skip_space();
    if (*at == ',') ++at;
    skip_space();
  }
  ++at;
  return whole;
}

static struct node* parse_literal(enum kind kind, uint32_t length) {
  at += length;
  return new_node(kind);
}

static struct node* parse_value(void) {
  switch (*at) {
    case '{':
      return parse_members(kObject, '}');
    case '[':
      return parse_members(kArray, ']');
    case '"': {
      struct node* const string = new_node(kString);
      string->text = parse_string(&string->length);
      return string;
    }
    case 't':
      return parse_literal(kTrue, 4);
    case 'f':
      return parse_literal(kFalse, 5);
    case 'n':
      return parse_literal(kNull, 4);
    default: {
      struct node* const number = new_node(kNumber);
      number->number = parse_number();
      return number;
    }
  }
}

static double weigh(const struct node* node) {
  double sum = node->kind + node->number + node->length + node->name_length;
  for (const struct node* member = node->first; member; member = member->next) sum += weigh(member);
  return sum;
}

static void run(void) {
  for (int round = 0; round < kRounds; ++round) {
    nodes_used = 0;
    at = document;
    skip_space();
    total += weigh(parse_value());
  }
}

static double checksum(void) {
  return total + nodes_used;
}

KERNEL(prepare, run, checksum)
