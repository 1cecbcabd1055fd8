using Holdfast.Components.Search.Api;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;

namespace Holdfast.Components.Search;

/// <summary>A command of the platform itself that maintains its indices in place of Holdfast.</summary>
internal sealed class DelegatedCommand(SearchSettings settings, IHost host)
{
    /// <summary>The number of lines of the command's output that are reported.</summary>
    private const int Lines = 20;

    /// <exception cref="ProblemException">The profile does not name it.</exception>
    public Step Step(string verb, string name, string index)
    {
        var node = settings.Delegates?.Find(verb)
            ?? throw Catalogue.SearchDelegate.Throwable($"The profile names no command of the platform for '{verb}' of {settings.Name}.", $"Name it under 'delegate: {verb}:' of the search component, or leave --delegate out.");
        var call = CommandNode.Read(node, ("{index}", index));
        return new Step
        {
            Name = name, Does = $"Runs {call.Program} {string.Join(' ', call.Arguments)}{(call.User is null ? "" : $" as {call.User}")}.", Component = $"search/{settings.Name}",
            Act = async (context, cancellation) =>
            {
                var (result, output) = await host.RunAsync(call, cancellation);
                var told = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(Lines);
                foreach (var line in told) context.Note(line);
                if (result.ExitCode != 0)
                    throw new ProblemException(Catalogue.SearchDelegate.With($"'{call.Program}' ended with exit code {result.ExitCode}.") with { Details = [.. result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(Lines)] });
            },
        };
    }
}
