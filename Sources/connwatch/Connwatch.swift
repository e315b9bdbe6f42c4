// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

@main
struct Connwatch: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "connwatch", abstract: "netstat with a memory.", version: "0.1.0")
}
