import ArgumentParser
struct DatabaseCommand: ParsableCommand { static let configuration = CommandConfiguration(commandName: "db") }
