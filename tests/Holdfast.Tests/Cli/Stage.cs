using System.Text;
using Holdfast.Cli;
using Holdfast.Cli.Output;
using Holdfast.Cli.Sessions;
using Holdfast.Engine.Problems;

namespace Holdfast.Tests.Cli;

/// <summary>The program without a process: arguments in, texts and an exit code out.</summary>
internal sealed class Stage : IDisposable
{
    private readonly MemoryStream _output = new();
    private readonly MemoryStream _errors = new();

    /// <summary>The only variables that the program sees.</summary>
    public Dictionary<string, string> Environment { get; } = new(StringComparer.Ordinal);

    /// <summary>What a person would type, a line for each question; null when there is nobody.</summary>
    public Queue<string>? Answers { get; set; }

    /// <summary>The questions that were asked.</summary>
    public List<string> Asked { get; } = [];

    public string Output => Encoding.UTF8.GetString(_output.ToArray());

    public string Errors => Encoding.UTF8.GetString(_errors.ToArray());

    public Task<ExitCode> RunAsync(params string[] arguments) => Application.RunAsync(arguments, Surroundings, CancellationToken.None);

    public void Dispose()
    {
        _output.Dispose();
        _errors.Dispose();
    }

    private Surroundings Surroundings => new()
    {
        Output = _output,
        Errors = _errors,
        Prompt = new ScriptedPrompt(Answers, Asked),
        Environment = Environment.GetValueOrDefault,
    };

    private sealed class ScriptedPrompt(Queue<string>? answers, List<string> asked) : IPrompt
    {
        public bool CanAsk => answers is not null;

        public Task<string?> AskAsync(string question, bool hidden, CancellationToken cancellation)
        {
            asked.Add(question);
            return Task.FromResult(answers!.TryDequeue(out var answer) ? answer : null);
        }
    }
}
