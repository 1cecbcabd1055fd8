using Holdfast.Engine.Problems;

namespace Holdfast.Components.Files.Certificates;

/// <summary>Reads configuration files, each once, and collects what could not be read or resolved.</summary>
internal sealed class ConfigurationReader
{
    // Configurations are small; a bigger file is something else that happens to have such a name.
    private const long LargestConfiguration = 4 << 20;

    private readonly HashSet<string> _read = new(StringComparer.Ordinal);
    private readonly List<Problem> _problems = [];

    public IReadOnlyList<Problem> Problems => _problems;

    /// <summary>True when the file has been read already, by itself or because another one includes it.</summary>
    public bool HasRead(string path) => _read.Contains(path);

    /// <summary>The text of a file; null when it was read before, is not there, or can't be read (which is then reported).</summary>
    public string? Text(string path)
    {
        if (!_read.Add(path)) return null;
        try
        {
            return Disk.Size(path) is > 0 and <= LargestConfiguration ? File.ReadAllText(path) : null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            _problems.Add(Catalogue.CertificateUnreadable.With($"The configuration {path} could not be read, so the certificates that it names are not known: {unreadable.Message}"));
            return null;
        }
    }

    /// <summary>Notes a setting whose file can't be told: it has a variable, or is relative to a place that is not known.</summary>
    public void Riddle(string configuration, string setting, string value) => _problems.Add(Catalogue.CertificateUnreadable.With(
        $"{setting} in {configuration} names a file in a way that only the program itself can resolve: '{value}'.",
        "If it is a file that is needed, name it under 'files' in the profile."));
}
