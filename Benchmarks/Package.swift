// swift-tools-version: 6.2
// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .treatAllWarnings(as: .error),
]

/// A library of the package that is measured.
func ours(_ name: String) -> Target.Dependency { .product(name: name, package: "connwatch") }

let package = Package(
  name: "connwatch-benchmarks",
  // Named, because the folder may be called anything.
  dependencies: [.package(name: "connwatch", path: "..")],
  targets: [
    // The same algorithms in C, and the kernel's answers read and thrown away: what Swift is held against.
    .target(name: "CBench"),
    // What has to be measured within a process.
    .executableTarget(
      name: "benchkit",
      dependencies: ["CBench", ours("ConnCore"), ours("ProcNet"), ours("KernelNet"), ours("ConnStore")],
      swiftSettings: strict),
    // Sockets by the hundred thousand, and new ones by the thousand a second.
    .executableTarget(name: "benchload"),
    // A history of any size, with the skew that real ones have.
    .executableTarget(
      name: "make-history", dependencies: [ours("ConnCore"), ours("ConnStore")], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
