namespace Holdfast.Cli.Output;

/// <summary>Asks a person. Only what stands between a person and a mistake is asked; everything can be answered by options.</summary>
internal interface IPrompt
{
    /// <summary>True when there is somebody to ask.</summary>
    bool CanAsk { get; }

    /// <summary>A line of text, null when the input has ended. What is typed is not shown when <paramref name="hidden"/>.</summary>
    Task<string?> AskAsync(string question, bool hidden, CancellationToken cancellation);
}
