using Holdfast.Engine.Problems;

namespace Holdfast.Components.Files.Certificates;

/// <summary>Reports present and imminent problems of the certificates and keys that were found.</summary>
/// <param name="now">The time against which validity is checked.</param>
/// <param name="warning">How long before its end of validity a certificate causes a warning.</param>
internal sealed class CertificateJudge(DateTimeOffset now, TimeSpan warning)
{
    // A file with more certificates than this is a distribution's CA store, in which some are always about to expire.
    private const int LargestChain = 20;

    public IEnumerable<Problem> Judge(IReadOnlyList<FoundFile> files) =>
        files.SelectMany(file => Judge(file).Concat(JudgeMatch(file, files)));

    private IEnumerable<Problem> Judge(FoundFile file)
    {
        var name = $"{file.Path}, named by {file.NamedBy[0].Setting} in {file.NamedBy[0].NamedBy},";
        if (file.Unseen is not null)
            yield return Catalogue.FilesUnreadable.With($"{name} is not in the recovery point: {file.Unseen}.");
        else if (file.IsDistrusted)
            yield return Catalogue.CertificateUnreadable.With($"{name} is not captured: that configuration can be changed by a user who cannot read the file, or it is no certificate and no key.", "Name it under 'files' in the profile if it is needed.");
        else if (file.Trail.Refused is not null)
            yield break; // the link has a problem of its own
        else if (file.Trail.KernelFileSystem is { } kernel)
            yield return Catalogue.CertificateUnreadable.With($"{name} lies in a file system of the kernel ({kernel}).");
        else if (file.IsMissing)
            yield return Catalogue.CertificateUnreadable.With($"{name} is not there.");
        else if (file.Unreadable is not null)
            yield return Catalogue.CertificateUnreadable.With($"{name} can't be read: {file.Unreadable}.");
        else if (file.Content?.Broken is { } broken)
            yield return Catalogue.CertificateUnreadable.With($"{name} is captured, but it is damaged or of an unknown kind. {broken}");
        if (file.ExposesKey)
            yield return Catalogue.CertificateKeyExposed.With($"{file.Path} {KeyOf(file)}, and its mode lets every user read it who can enter the folders above it.");
        foreach (var problem in JudgeTimes(file)) yield return problem;
    }

    private static string KeyOf(FoundFile file) => file.Content?.Keys.Count > 0
        ? "holds a private key" : $"is named as a private key by {file.NamedBy.First(named => named.Role == NamedRole.Key).NamedBy}";

    private IEnumerable<Problem> JudgeTimes(FoundFile file)
    {
        if (file.Content is not { Certificates: { Count: > 0 and <= LargestChain } certificates }) yield break;
        foreach (var certificate in certificates)
        {
            var subject = $"The certificate '{certificate.Subject}' in {file.Path}";
            if (certificate.NotAfter <= now)
                yield return Catalogue.CertificateExpired.With($"{subject} ended on {certificate.NotAfter:yyyy-MM-dd}.");
            else if (certificate.NotAfter - now < warning)
                yield return Catalogue.CertificateExpiring.With($"{subject} ends on {certificate.NotAfter:yyyy-MM-dd}, in {(int)(certificate.NotAfter - now).TotalDays} days.");
            if (certificate.NotBefore > now)
                yield return Catalogue.CertificateExpiring.With($"{subject} is not valid before {certificate.NotBefore:yyyy-MM-dd}.", "Check the clock of this machine, or the certificate.");
        }
    }

    // A configuration that names keys and certificates uses them together; only the program knows which key belongs to
    // which certificate.
    private static IEnumerable<Problem> JudgeMatch(FoundFile file, IReadOnlyList<FoundFile> files)
    {
        if (!file.Is(NamedRole.Key) || file.Content?.Keys is not [{ PublicKey: { } publicKey }, ..]) yield break;
        var configurations = file.NamedBy.Select(named => named.NamedBy).ToHashSet(StringComparer.Ordinal);
        var beside = files.Where(other => other.NamedBy.Any(named => named.Role == NamedRole.Certificate && configurations.Contains(named.NamedBy)))
            .SelectMany(other => other.Content?.Certificates ?? []).ToList();
        if (beside.Count > 0 && beside.TrueForAll(certificate => certificate.PublicKey != publicKey))
            yield return Catalogue.CertificateKeyMismatch.With($"The private key {file.Path} belongs to none of the certificates that {configurations.First()} names.");
    }
}
