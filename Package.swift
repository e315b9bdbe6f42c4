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

let package = Package(
  name: "connwatch",
  products: [
    .executable(name: "connwatch", targets: ["connwatch"]),
    .library(name: "ConnCore", targets: ["ConnCore"]),
    .library(name: "ProcNet", targets: ["ProcNet"]),
    .library(name: "KernelNet", targets: ["KernelNet"]),
    .library(name: "ConnStore", targets: ["ConnStore"]),
    // Loaded into connwatch by tests; a product, so that it is built and linked with nothing.
    .library(name: "Faults", type: .dynamic, targets: ["Faults"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
  ],
  targets: [
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .target(name: "ConnCore", swiftSettings: strict),
    .target(name: "ProcNet", dependencies: ["ConnCore"], swiftSettings: strict),
    .target(name: "CKernelNet"),
    .target(name: "CTerminal"),
    .target(name: "KernelNet", dependencies: ["ConnCore", "CKernelNet"], swiftSettings: strict),
    .target(name: "ConnStore", dependencies: ["ConnCore", "CSQLite"], swiftSettings: strict),
    .executableTarget(
      name: "connwatch",
      dependencies: [
        "ConnCore", "ProcNet", "KernelNet", "ConnStore", "CTerminal",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    // Loaded into programs that know nothing of a sanitizer too, and so is never built with one.
    .target(
      name: "Faults", path: "Tests/Faults",
      cSettings: [.unsafeFlags(["-fno-sanitize=address", "-fno-sanitize=thread"])]),
    .testTarget(name: "ConnCoreTests", dependencies: ["ConnCore"], swiftSettings: strict),
    .testTarget(name: "ProcNetTests", dependencies: ["ProcNet", "ConnCore"], swiftSettings: strict),
    .testTarget(
      name: "KernelNetTests", dependencies: ["KernelNet", "ProcNet", "ConnCore"], swiftSettings: strict),
    .testTarget(
      name: "ConnStoreTests", dependencies: ["ConnStore", "ConnCore"], swiftSettings: strict),
    .testTarget(
      name: "connwatchTests",
      dependencies: [
        "connwatch", "ConnCore", "ConnStore", "CTerminal", "ProcNet",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
