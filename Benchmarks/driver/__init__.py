# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""What drives the benchmark: load, measurements in pairs, and their table. docs/PERFORMANCE.md says how each figure is got."""
