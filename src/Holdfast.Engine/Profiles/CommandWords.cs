using System.Text;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Profiles;

/// <summary>
/// The words of RESTIC_PASSWORD_COMMAND: separated by white space; single and double quotes keep words together, a
/// backslash takes the next character as it is (not within single quotes). No shell is involved.
/// </summary>
internal static class CommandWords
{
    /// <exception cref="ProblemException">A quote is not closed, or the command has no word.</exception>
    public static IReadOnlyList<string> Split(string command, string name)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var (inWord, quote) = (false, '\0');
        for (var i = 0; i < command.Length; i++)
        {
            var c = command[i];
            if (c == '\\' && quote != '\'' && i + 1 < command.Length) (inWord, _) = (true, word.Append(command[++i]));
            else if (c == quote) quote = '\0';
            else if (quote == '\0' && c is '\'' or '"') (inWord, quote) = (true, c);
            else if (quote == '\0' && char.IsWhiteSpace(c)) Finish();
            else (inWord, _) = (true, word.Append(c));
        }
        if (quote != '\0') throw Catalogue.SecretUnreadable.Throwable($"A quote in {name} is not closed.");
        Finish();
        return words.Count > 0 ? words : throw Catalogue.SecretUnreadable.Throwable($"{name} is empty.");

        void Finish()
        {
            if (inWord) words.Add(word.ToString());
            inWord = false;
            word.Clear();
        }
    }
}
