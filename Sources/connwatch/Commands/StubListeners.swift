import ArgumentParser
struct ListenersCommand: ParsableCommand { static let configuration = CommandConfiguration(commandName: "listeners") }
