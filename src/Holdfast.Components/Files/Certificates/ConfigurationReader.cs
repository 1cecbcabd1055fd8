using Holdfast.Components.Files.Paths;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Files.Certificates;

/// <summary>
/// Reads configuration files of other programs, each once, and collects what could not be read or resolved. Their
/// owners are not trusted: only regular files of a bounded size are read, links are followed only where root alone
/// could have created them, and the number of includes is limited.
/// </summary>
internal sealed class ConfigurationReader
{
    // The maximum depth of includes, which configurations written by hand never reach.
    private const int DeepestInclude = 30;

    // Configurations are small; a larger file is something else that has such a name.
    private const int LargestConfiguration = 4 << 20;

    // A machine with a thousand virtual hosts has some thousand files.
    private const int MostConfigurations = 20_000;

    private readonly HashSet<string> _read = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _includedBy = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];
    private readonly List<(string Path, PathTrail Trail)> _linked = [];
    private readonly List<Problem> _problems = [];
    private int _expanded;
    private bool _isFull;

    public IReadOnlyList<Problem> Problems => _problems;

    /// <summary>The configurations that were read, by the names under which they were found, in order.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>
    /// The configurations that were read through links, with their real paths: their programs do not start without the
    /// links.
    /// </summary>
    public IReadOnlyList<(string Path, PathTrail Trail)> Linked => _linked;

    /// <summary>True when the file has been read already, by itself or because another one includes it.</summary>
    public bool HasRead(string path) => _read.Contains(path) || (PathTrail.Follow(path).Place is { } place && _read.Contains(place));

    /// <summary>
    /// Returns the text of a file; null when it was read before, does not exist, or cannot be read (which is then
    /// reported).
    /// </summary>
    public string? Text(string path)
    {
        if (IsFull(path, _read.Count) || !_read.Add(path)) return null;
        var trail = PathTrail.Follow(path);
        if (trail.Refused is { } refused) Fault(path, $"the link {refused.Link} on the way to it was not followed: {refused.Reason}");
        if (trail is { Lost: { } lost, Links.Count: > 0 }) Fault(path, $"it is a link to {lost}, which is not there");
        if (trail.Place is not { } place || (place != path && !_read.Add(place))) return null;
        if (Disk.TypeOf(place) is { } type and not Restic.Snapshots.NodeType.File)
        {
            Fault(path, $"it is no file, but a {type.ToString().ToLowerInvariant()}");
            return null;
        }
        return Read(path, trail);
    }

    /// <summary>
    /// Records that a configuration includes a file, which is at most as trustworthy as that configuration.
    /// </summary>
    public void Include(string configuration, string included)
    {
        if (included != configuration && !_read.Contains(included)) _includedBy.TryAdd(included, configuration);
    }

    /// <summary>
    /// Returns the user and groups that can change a configuration, or one that includes it directly or indirectly;
    /// null when only root can.
    /// </summary>
    public (uint User, uint[] Groups)? ChangerOf(string configuration)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var at = configuration; at is not null && seen.Add(at); at = _includedBy.GetValueOrDefault(at))
            if (LocalEntries.ChangerOf(PathTrail.Follow(at).Place ?? at) is { } changer) return changer;
        return null;
    }

    /// <summary>
    /// True when the depth of includes exceeds the limit, because of a circle or an attack; that is reported.
    /// </summary>
    public bool IsTooDeep(string path, int depth)
    {
        if (depth > DeepestInclude) Fault(path, $"its includes are more than {DeepestInclude} deep");
        return depth > DeepestInclude;
    }

    /// <summary>
    /// Expands a pattern of a configuration; a pattern that would visit the whole machine is reported as a fault.
    /// </summary>
    public IReadOnlyList<string> Expand(string configuration, string pattern)
    {
        const int mostFolders = 5000;
        try
        {
            var found = Glob.Expand(ShellGlob.Translate(pattern), mostFolders);
            // A pattern that covers a large tree ("/") is expanded folder by folder.
            if (IsFull(configuration, _expanded += found.Count)) return [];
            foreach (var included in found) Include(configuration, included);
            return found;
        }
        catch (Exception unusable) when (unusable is InvalidDataException or Restic.ResticException)
        {
            Fault(configuration, $"its pattern '{pattern}' cannot be used: {unusable.Message.TrimEnd('.')}");
            return [];
        }
    }

    private bool IsFull(string configuration, int count)
    {
        if (count < MostConfigurations) return false;
        if (!_isFull) Fault(configuration, $"more than {MostConfigurations} files are included, so the rest is not read");
        return _isFull = true;
    }

    /// <summary>Reports a fault of a configuration, as the end of a sentence.</summary>
    public void Fault(string configuration, string fault) => _problems.Add(Catalogue.CertificateUnreadable.With(
        $"The configuration {configuration} could not be read whole, so not all certificates that it names may be known: {fault}."));

    /// <summary>
    /// Reports a setting whose file cannot be determined: it has a variable, or is relative to an unknown folder.
    /// </summary>
    public void Riddle(string configuration, string setting, string value) => _problems.Add(Catalogue.CertificateUnreadable.With(
        $"{setting} in {configuration} names a file in a way that only the program itself can resolve: '{value}'.",
        "If it is a file that is needed, name it under 'files' in the profile."));

    /// <summary>Reports another problem of a configuration, as a full sentence.</summary>
    public void Report(string sentence, string hint) => _problems.Add(Catalogue.CertificateUnreadable.With(sentence, hint));

    private string? Read(string path, PathTrail trail)
    {
        try
        {
            var text = LocalText.Read(trail.Place!, LargestConfiguration);
            _names.Add(path);
            if (trail.Links.Count > 0) _linked.Add((path, trail));
            if (text.Length == 0) Fault(path, "it is empty");
            return text;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            Fault(path, unreadable.Message);
            return null;
        }
    }
}
