using Holdfast.Restic.Filtering;

namespace Holdfast.Components.Systemd;

/// <summary>
/// The patterns of 'quiesce.processes'. A pattern matches the path of a program, the script that an interpreter runs,
/// or a whole command line; never an argument alone, so that an editor or a pager with a file of the platform is not
/// one of its processes.
/// </summary>
internal sealed class ProcessPatterns(IReadOnlyList<string> patterns)
{
    private static readonly string[] _interpreters = ["python", "perl", "ruby", "node", "php", "bash", "sh", "dash", "ksh"];

    private readonly IReadOnlyList<NamePattern> _patterns = [.. patterns.Select(pattern => new NamePattern(pattern))];

    public bool Any => _patterns.Count > 0;

    public bool Fit(ProcessEntry process) => Names(process).Any(name => _patterns.Any(pattern => pattern.Matches(name)));

    private static IEnumerable<string> Names(ProcessEntry process)
    {
        const int Longest = 4096;
        var line = string.Join(' ', process.Arguments);
        return [process.Program, process.Arguments[0], Script(process), line.Length <= Longest ? line : line[..Longest]];
    }

    private static string Script(ProcessEntry process)
    {
        var program = Path.GetFileName(process.Program.Length > 0 ? process.Program : process.Arguments[0]).TrimEnd("0123456789.".ToCharArray());
        return _interpreters.Contains(program) ? process.Arguments.Skip(1).FirstOrDefault(word => !word.StartsWith('-')) ?? "" : "";
    }
}
