// UTF-8 to wide characters and back.
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

int main(void) {
  setlocale(LC_ALL, "C.UTF-8");
  const char* text = "naïve café 日本 €";
  wchar_t wide[64];
  const size_t count = mbstowcs(wide, text, 64);
  printf("%zu characters of %zu bytes:", count, strlen(text));
  for (size_t i = 0; i < count; ++i) printf(" %x", (unsigned)towupper((wint_t)wide[i]));
  char back[64];
  printf("\n%zu %s\n", wcstombs(back, wide, sizeof back), strcmp(back, text) == 0 ? "same" : "DIFFERENT");
  printf("%d %zu\n", (int)mbstowcs(NULL, "\xff", 0), wcslen(L"wide"));
  return 0;
}
