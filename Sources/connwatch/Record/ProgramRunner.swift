// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

@preconcurrency import Glibc

/// One program, found once, and run without a shell and without arguments: posix_spawn(3).
struct ProgramRunner {
  /// Its path.
  let path: String

  /// Finds a program: a path where there is a slash in it, else a name in PATH.
  ///
  /// - Throws: ``Failure`` where there is none, or none that may be run.
  init(_ command: String) throws(Failure) {
    let shown = HostileText.escaped(command)
    guard !command.isEmpty else { throw Failure("--on-listener: a program is needed") }
    if command.utf8.contains(UInt8(ascii: "/")) {
      path = command
    } else {
      let places = getenv("PATH").map { String(cString: $0) } ?? "/usr/sbin:/usr/bin:/sbin:/bin"
      let candidates = places.split(separator: ":").map { "\($0)/\(command)" }
      guard let found = candidates.first(where: { Self.whyNot($0) == nil }) else {
        throw Failure(
          "--on-listener \"\(shown)\": no such program in PATH (one program without arguments; a shell is not used)"
        )
      }
      path = found
    }
    if let why = Self.whyNot(path) {
      throw Failure("--on-listener \"\(shown)\": \(why) (one program without arguments; a shell is not used)")
    }
    Self.closeOnExec()
  }

  /// Why a file cannot be run; nil where it can.
  private static func whyNot(_ path: String) -> String? {
    var status = stat()
    guard stat(path, &status) == 0 else { return String(cString: strerror(errno)) }
    guard status.st_mode & S_IFMT == S_IFREG else { return "not a program" }
    return access(path, X_OK) == 0 ? nil : String(cString: strerror(errno))
  }

  /// Descriptors that we were started with are not for the program; our own are closed by exec all the same.
  private static func closeOnExec() {
    guard let directory = opendir("/proc/self/fd") else { return }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard let descriptor = Int32(name), descriptor > 2 else { continue }
      let flags = fcntl(descriptor, F_GETFD)
      if flags >= 0 { _ = fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) }
    }
  }

  /// Starts it with more variables in its environment, in a process group of its own, with nothing to read; what it prints
  /// goes to our standard error, since our standard output is data.
  ///
  /// - Returns: its process id; to be asked for its ``status(_:)`` until there is one.
  func start(_ fields: [ListenerField]) throws(Failure) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, 2, 1)

    // Threads of ours block signals and ignore some; the program begins as programs usually do.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var usual = sigset_t()
    sigemptyset(&usual)
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ] { sigaddset(&usual, signal) }
    posix_spawnattr_setsigdefault(&attributes, &usual)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

    let arguments = [strdup(path), nil]
    let environment =
      (Self.inherited(without: fields) + fields.map { "\($0.name)=\($0.value)" })
      .map { strdup($0) } + [nil]
    defer { for text in arguments + environment { free(text) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, path, &actions, &attributes, arguments, environment)
    guard code == 0 else { throw Failure("\(path): \(String(cString: strerror(code)))") }
    return pid
  }

  /// Our own environment, but for variables of these names.
  private static func inherited(without fields: [ListenerField]) -> [String] {
    var variables: [String] = []
    var place = environ
    while let variable = place.pointee {
      let text = String(cString: variable)
      if !fields.contains(where: { text.hasPrefix($0.name + "=") }) { variables.append(text) }
      place += 1
    }
    return variables
  }

  /// How a program ended: see ``CommandQueue/Ports/status``.
  static func status(_ pid: Int32) -> Int32? {
    var status: Int32 = 0
    let ended = waitpid(pid, &status, WNOHANG)
    if ended == 0 || (ended < 0 && errno == EINTR) { return nil }
    if ended < 0 { return 0 }
    let signal = status & 0x7F
    return signal == 0 ? status >> 8 & 0xFF : 128 + signal
  }

  /// Ends a program, and all that it started in its process group.
  static func kill(_ pid: Int32) { _ = Glibc.kill(-pid, SIGKILL) }
}
