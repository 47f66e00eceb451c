import { beforeEach, expect } from 'vitest';

// A marble test without an expectation, or a callback that never ran, would pass silently.
beforeEach(() => {
  expect.hasAssertions();
});
