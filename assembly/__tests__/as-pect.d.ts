/** Tells editors what as-pect provides to a spec. */
/// <reference types="@as-pect/assembly/types/as-pect" />
