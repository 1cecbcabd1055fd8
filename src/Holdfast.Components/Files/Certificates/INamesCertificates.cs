namespace Holdfast.Components.Files.Certificates;

/// <summary>How surely a file is a configuration of a program, judged by its path alone.</summary>
internal enum Fit
{
    /// <summary>It is none.</summary>
    None,

    /// <summary>It may be a part that another file includes: it is read only when none did.</summary>
    Part,

    /// <summary>It is the one that the program starts with.</summary>
    Main,
}

/// <summary>
/// Knows how the configuration of one program names certificates and keys. Reading is honest rather than complete: what
/// can't be resolved without the running program (variables) is reported to the reader as a riddle, never guessed.
/// </summary>
internal interface INamesCertificates
{
    /// <summary>"nginx"; the key under 'certificates.configurations' in the profile.</summary>
    string Program { get; }

    Fit FitOf(string path);

    /// <summary>The files that a configuration names, with those of the files that it includes.</summary>
    IEnumerable<NamedFile> Read(string path, ConfigurationReader reader);
}
