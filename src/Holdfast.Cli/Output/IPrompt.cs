namespace Holdfast.Cli.Output;

/// <summary>
/// Asks the user. Only confirmations that prevent a mistake are asked for; options can give every answer.
/// </summary>
internal interface IPrompt
{
    /// <summary>True when a user can answer.</summary>
    bool CanAsk { get; }

    /// <summary>A line of text, null when the input has ended. What is typed is not shown when <paramref name="hidden"/>.</summary>
    Task<string?> AskAsync(string question, bool hidden, CancellationToken cancellation);
}
