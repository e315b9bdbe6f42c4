#!/usr/bin/env python3
# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""The benchmark: connwatch beside its peers and its budgets. `make bench` builds what it needs and runs it."""

import sys

from driver import main

if __name__ == "__main__":
  sys.exit(main.main())
