/* What the C tests share: checks that count, and the model they use. The includer defines TEST_FILE. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sharpeye/c_api.h"

static int checks = 0, failures = 0;
static const char test_file[] = TEST_FILE;

#define CHECK(condition) check((condition) != 0, #condition, __LINE__)

static int check(int holds, const char* text, int line) {
  ++checks;
  if (!holds) {
    ++failures;
    fprintf(stderr, "%s:%d: %s\n", test_file, line, text);
  }
  return holds;
}

/* Checks the status and that the text names what is wrong. */
#define REFUSED(call, expected, part) check_refused((call), (expected), (part), &error, #call, __LINE__)

static void check_refused(sharpeye_status status, sharpeye_status expected, const char* part,
                          const sharpeye_error* error, const char* text, int line) {
  ++checks;
  if (status != expected || error->status != expected || strstr(error->text, part) == NULL) {
    ++failures;
    fprintf(stderr, "%s:%d: %s\n  expected: %s, \"...%s...\"\n  actual:   %s, \"%s\"\n", test_file, line, text,
            sharpeye_status_name(expected), part, sharpeye_status_name(status), error->text);
  }
}

static sharpeye_error error = {.struct_size = sizeof(sharpeye_error)};
static const char* folder;

static sharpeye_model* load(void) {
  sharpeye_model* model = NULL;
  if (!CHECK(sharpeye_model_load(folder, NULL, &model, &error) == SHARPEYE_OK)) {
    fprintf(stderr, "%s\n", error.text);
    exit(1);
  }
  return model;
}

static int end(void) {
  fprintf(stderr, "%d checks, %d failures\n", checks, failures);
  return failures == 0 ? 0 : 1;
}
