namespace Holdfast.Engine.Hosts;

/// <summary>How a program ended. <paramref name="Errors"/> is the end of what it wrote to standard error, 64 KiB at most.</summary>
public sealed record ProgramResult(int ExitCode, string Errors);
