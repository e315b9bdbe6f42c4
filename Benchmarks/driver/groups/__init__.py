# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0
"""The groups of measurements, in the order of the table. A new one is a module here and a name in ALL: see `frame`."""

from . import database, growth, list_group, owners, parser, recorder, sample, screen, start

ALL = [parser, sample, start, list_group, owners, recorder, screen, growth, database]
