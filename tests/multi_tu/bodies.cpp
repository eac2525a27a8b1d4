#include "sharpeye/compiled.inl"
