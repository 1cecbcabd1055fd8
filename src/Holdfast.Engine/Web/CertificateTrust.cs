using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Web;

/// <summary>
/// Verifies the certificates of a server against the authorities of a PEM file or those of the system, and keeps the
/// reason why the last one was refused. An authority of the file that is itself issued by another one (an issuing CA)
/// is trusted, as curl does.
/// </summary>
internal sealed class CertificateTrust
{
    private const string Renew = "Renew the certificate of the server, or correct the clock of this machine.";
    private readonly X509Certificate2Collection? _authorities;
    private readonly string? _path;

    /// <param name="path">The PEM file; null for the authorities of the system.</param>
    /// <exception cref="ProblemException">The file cannot be read, or has no certificate.</exception>
    public CertificateTrust(string? path) => (_path, _authorities) = (path, path is null ? null : Read(path));

    /// <summary>
    /// Why the last certificate was refused, without a full stop, and what to do; null when none was.
    /// </summary>
    public (string Reason, string Hint)? Distrust { get; private set; }

    /// <summary>Verifies the certificate that a server presents in a handshake.</summary>
    public bool Trusts(object sender, X509Certificate? presented, X509Chain? sent, SslPolicyErrors errors)
    {
        var host = (sender as SslStream)?.TargetHostName ?? "";
        Distrust = presented is not X509Certificate2 certificate
            ? ("it presents no certificate", "Check that 'url' in the profile leads to the right server.")
            : WhyNot(certificate, host, sent, errors);
        return Distrust is null;
    }

    private (string Reason, string Hint)? WhyNot(X509Certificate2 certificate, string host, X509Chain? sent, SslPolicyErrors errors)
    {
        var status = _authorities is null ? ChainStatusOf(sent, errors) : Build(certificate, sent);
        if (status.HasFlag(X509ChainStatusFlags.NotTimeValid)) return OutOfTime(certificate, sent);
        if (status != X509ChainStatusFlags.NoError)
            return status is X509ChainStatusFlags.PartialChain or X509ChainStatusFlags.UntrustedRoot or (X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.UntrustedRoot)
                ? ($"its certificate was issued by '{certificate.Issuer}', which is not among {(_path is null ? "the authorities of the system" : $"those of '{_path}'")}", "Name the PEM file of that authority as 'ca' beside 'url' in the profile.")
                : ($"its certificate is not valid: {status}", "See the certificate with 'openssl s_client -connect HOST:PORT -showcerts'.");
        return errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)
            ? ($"its certificate is for {NamesOf(certificate)}, not for '{host}'", "Write a name of the certificate in 'url', or have a certificate issued for the name in 'url'.")
            : null;
    }

    private static X509ChainStatusFlags ChainStatusOf(X509Chain? chain, SslPolicyErrors errors) => !errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors)
        ? X509ChainStatusFlags.NoError
        : (chain?.ChainStatus ?? []).Aggregate(X509ChainStatusFlags.NoError, (all, one) => all | one.Status) is not X509ChainStatusFlags.NoError and var found ? found : X509ChainStatusFlags.PartialChain;

    /// <summary>
    /// The errors of the chain to the authorities of the file; none when it ends at one of them, even if that one is
    /// issued by another.
    /// </summary>
    private X509ChainStatusFlags Build(X509Certificate2 certificate, X509Chain? sent)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities!);
        foreach (var element in sent?.ChainElements ?? Enumerable.Empty<X509ChainElement>()) chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        if (chain.Build(certificate)) return X509ChainStatusFlags.NoError;
        var status = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, one) => all | one.Status);
        return status is X509ChainStatusFlags.PartialChain && chain.ChainElements.Skip(1).Any(element => _authorities!.Any(known => known.RawDataMemory.Span.SequenceEqual(element.Certificate.RawDataMemory.Span)))
            ? X509ChainStatusFlags.NoError
            : status;
    }

    private static (string Reason, string Hint) OutOfTime(X509Certificate2 certificate, X509Chain? sent)
    {
        var now = TimeProvider.System.GetLocalNow().DateTime; // certificates give local times
        var late = (sent?.ChainElements.Select(element => element.Certificate) ?? []).Prepend(certificate).FirstOrDefault(one => one.NotAfter < now || one.NotBefore > now) ?? certificate;
        var whose = late.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span) ? "its certificate" : $"the certificate of the authority '{late.Subject}'";
        return late.NotBefore > now
            ? (string.Create(CultureInfo.InvariantCulture, $"{whose} is not valid before {late.NotBefore.ToUniversalTime():yyyy-MM-dd HH:mm}Z"), Renew)
            : (string.Create(CultureInfo.InvariantCulture, $"{whose} has expired on {late.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm}Z"), Renew);
    }

    private static string NamesOf(X509Certificate2 certificate)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(names => names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(address => address.ToString()))).ToList();
        return names.Count > 0 ? string.Join(", ", names.Select(name => $"'{name}'")) : $"'{certificate.Subject}'";
    }

    private static X509Certificate2Collection Read(string path)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(path);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw Catalogue.WebTls.Throwable($"The authorities in '{path}' cannot be read: {unreadable.Message.TrimEnd('.')}.", unreadable);
        }
        return authorities.Count > 0 ? authorities : throw Catalogue.WebTls.Throwable($"The file '{path}' has no certificate in it.");
    }
}
