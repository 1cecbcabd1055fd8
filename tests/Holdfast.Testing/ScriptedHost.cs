using System.Text;
using Holdfast.Engine.Hosts;

namespace Holdfast.Testing;

/// <summary>A machine whose programs answer as they were told to. A program nobody spoke of is not there.</summary>
public sealed class ScriptedHost : IHost
{
    private readonly Dictionary<string, Func<ProgramCall, Answer>> _programs = new(StringComparer.Ordinal);
    private readonly List<ProgramCall> _calls = [];

    public string Name => "scripted";

    /// <summary>Every call, in order.</summary>
    public IReadOnlyList<ProgramCall> Calls => _calls;

    /// <summary>What a program does when it is called.</summary>
    public ScriptedHost On(string program, Func<ProgramCall, Answer> answer)
    {
        _programs[program] = answer;
        return this;
    }

    /// <summary>What a program writes and how it ends, however it is called.</summary>
    public ScriptedHost On(string program, string output, string errors = "", int exitCode = 0) => On(program, _ => new Answer(output, errors, exitCode));

    public string? FindProgram(string name) => _programs.ContainsKey(name) ? $"/scripted/{name}" : null;

    public IRunningProgram Start(ProgramCall call)
    {
        _calls.Add(call);
        return _programs.TryGetValue(call.Program, out var answer)
            ? new Running(answer(call))
            : throw Holdfast.Engine.Problems.Catalogue.ProgramMissing.Throwable($"The program '{call.Program}' is not on {Name}.");
    }

    public async Task<(ProgramResult Result, string Output)> RunAsync(ProgramCall call, CancellationToken cancellation)
    {
        await using var running = Start(call);
        var output = await new StreamReader(running.Output).ReadToEndAsync(cancellation);
        return (await running.WaitAsync(cancellation), output);
    }

    /// <summary>Standard output, standard error and exit code of a call.</summary>
    public sealed record Answer(string Output, string Errors = "", int ExitCode = 0);

    private sealed class Running(Answer answer) : IRunningProgram
    {
        public Stream Input { get; } = new MemoryStream();
        public Stream Output { get; } = new MemoryStream(Encoding.UTF8.GetBytes(answer.Output));
        public string Errors => answer.Errors;

        public Task<ProgramResult> WaitAsync(CancellationToken cancellation) => Task.FromResult(new ProgramResult(answer.ExitCode, answer.Errors));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
