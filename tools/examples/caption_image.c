#include <stdio.h>

#include "sharpeye/c_api.h"

/* A robot would speak here, and look on meanwhile. Any other answer than SHARPEYE_CONTINUE ends the call. */
static int32_t on_initial(void* user, const char* text, size_t size) {
  (void)size;
  fprintf(user, "initial: %s\n", text);
  return SHARPEYE_CONTINUE;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2; /* MODEL IMAGE */
  sharpeye_error error = {.struct_size = sizeof error};
  sharpeye_model* model = NULL;
  sharpeye_captioner* captioner = NULL;
  sharpeye_caption* caption = NULL;
  const sharpeye_caption_options options = {.struct_size = sizeof options, .on_initial = on_initial, .user = stdout};
  if (sharpeye_model_load(argv[1], NULL, &model, &error) == SHARPEYE_OK &&
      sharpeye_captioner_new(model, NULL, &captioner, &error) == SHARPEYE_OK &&
      sharpeye_caption_file(captioner, argv[2], &options, &caption, &error) == SHARPEYE_OK) {
    printf("refined: %s\n", sharpeye_caption_refined(caption, NULL));
  }
  sharpeye_caption_free(caption);
  sharpeye_captioner_free(captioner);
  sharpeye_model_free(model);
  if (error.status != SHARPEYE_OK) fprintf(stderr, "%s: %s\n", sharpeye_status_name(error.status), error.text);
  return error.status == SHARPEYE_OK ? 0 : 1;
}
