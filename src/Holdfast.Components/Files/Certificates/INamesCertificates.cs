namespace Holdfast.Components.Files.Certificates;

/// <summary>How certainly a file is a configuration of a program, by its path alone.</summary>
internal enum Fit
{
    /// <summary>It is not a configuration of the program.</summary>
    None,

    /// <summary>It may be a part that another file includes: it is read only when no other file included it.</summary>
    Part,

    /// <summary>It is the file with which the program starts.</summary>
    Main,
}

/// <summary>
/// Knows how the configuration of one program names certificates and keys. Reading is accurate rather than complete:
/// what cannot be resolved without the running program (variables) is reported to the reader as unresolved, never
/// guessed.
/// </summary>
internal interface INamesCertificates
{
    /// <summary>The program's name, "nginx"; the key under 'certificates.configurations' in the profile.</summary>
    string Program { get; }

    Fit FitOf(string path);

    /// <summary>Returns the files that a configuration names, including those of included files.</summary>
    IEnumerable<NamedFile> Read(string path, ConfigurationReader reader);
}
