using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Profiles;

/// <summary>A command of the profile: "run", "user" and "environment".</summary>
public static class CommandNode
{
    /// <summary>Reads a command into a program call, with the values filled in.</summary>
    /// <param name="node">A mapping of a valid profile.</param>
    /// <param name="replacements">The values of placeholders such as "{index}" in its words. They may come from rows of
    /// a database or names in a server.</param>
    /// <exception cref="ProblemException">A value would become an option of the program, is empty, or has control characters.</exception>
    public static ProgramCall Read(ProfileNode node, params ReadOnlySpan<(string Mark, string Value)> replacements)
    {
        var words = new List<string>();
        foreach (var item in node["run"].Items)
        {
            var word = item.Text;
            foreach (var (mark, value) in replacements)
            {
                if (word.Contains(mark, StringComparison.Ordinal)) RefuseOption(word, mark, value);
                word = word.Replace(mark, value, StringComparison.Ordinal);
            }
            words.Add(word);
        }
        return new ProgramCall(words[0], words[1..])
        {
            User = node.Find("user")?.Text,
            Environment = node.Find("environment") is { } variables ? variables.Keys.ToDictionary(key => key, key => variables[key].Text, StringComparer.Ordinal) : new Dictionary<string, string>(StringComparer.Ordinal),
        };
    }

    /// <summary>
    /// The source of the value must not decide what the program does: "--config=/tmp/mine" in the place of an id.
    /// </summary>
    private static void RefuseOption(string word, string mark, string value)
    {
        var reason = value.Length == 0 ? "it is empty"
            : value.Any(char.IsControl) ? "it has control characters"
            : value[0] == '-' && word.StartsWith(mark, StringComparison.Ordinal) ? "it begins with '-' and would be taken for an option"
            : null;
        if (reason is not null) throw Catalogue.CommandValue.Throwable($"The value '{Shown(value)}' cannot stand for {mark} in a command of the profile: {reason}.");
    }

    private static string Shown(string value)
    {
        const int Longest = 100;
        var shown = new string([.. value.Select(letter => char.IsControl(letter) ? '?' : letter)]);
        return shown.Length <= Longest ? shown : shown[..Longest] + "...";
    }
}
