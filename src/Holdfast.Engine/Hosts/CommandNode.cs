using Holdfast.Engine.Profiles;

namespace Holdfast.Engine.Hosts;

/// <summary>A command of the profile: "run", "user" and "environment".</summary>
public static class CommandNode
{
    /// <summary>Reads it.</summary>
    /// <param name="node">A mapping of a valid profile.</param>
    /// <param name="replacements">What stands for what in its words: "{index}".</param>
    public static ProgramCall Read(ProfileNode node, params ReadOnlySpan<(string Mark, string Value)> replacements)
    {
        var words = new List<string>();
        foreach (var item in node["run"].Items)
        {
            var word = item.Text;
            foreach (var (mark, value) in replacements) word = word.Replace(mark, value, StringComparison.Ordinal);
            words.Add(word);
        }
        return new ProgramCall(words[0], words[1..])
        {
            User = node.Find("user")?.Text,
            Environment = node.Find("environment") is { } variables ? variables.Keys.ToDictionary(key => key, key => variables[key].Text, StringComparer.Ordinal) : new Dictionary<string, string>(StringComparer.Ordinal),
        };
    }
}
